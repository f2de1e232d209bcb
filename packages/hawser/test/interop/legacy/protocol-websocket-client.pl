# A client with Protocol::WebSocket that does what it is asked: one question a line of its input, one answer a line of its output.

use strict;
use warnings;

use Encode ();
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 ();
use Protocol::WebSocket::Handshake::Client;

use constant CHUNK => 65_536;
use constant LIMIT => 4 * 1024 * 1024;

STDOUT->autoflush(1);
$SIG{PIPE} = 'IGNORE';

my %drafts = (
    'hixie-75' => 'draft-hixie-75',
    'hixie-76' => 'draft-ietf-hybi-00',
    'hybi-08'  => 'draft-ietf-hybi-10',
    'rfc6455'  => 'draft-ietf-hybi-17',
);

# Text is told in ASCII, whatever the letters.
my $json = JSON::PP->new->utf8->ascii->canonical;
my $select = IO::Select->new(\*STDIN);
my @connections;

sub reply {
    my ($number, @answer) = @_;
    print $json->encode({ number => $number, @answer }), "\n";
}

sub unpack_parcel {
    my ($parcel) = @_;
    return (text => Encode::encode('UTF-8', $parcel->{text})) if defined $parcel->{text};
    return (binary => MIME::Base64::decode_base64($parcel->{base64}));
}

sub pack_parcel {
    my ($type, $payload) = @_;
    return { text => Encode::decode('UTF-8', $payload) } if $type eq 'text';
    return { base64 => MIME::Base64::encode_base64($payload, '') };
}

sub write_all {
    my ($socket, $bytes) = @_;
    while (length $bytes) {
        my $written = syswrite $socket, $bytes;
        return unless defined $written;
        substr $bytes, 0, $written, '';
    }
}

sub send_frame {
    my ($connection, @frame) = @_;
    my $frame = $connection->{handshake}->build_frame(max_payload_size => LIMIT, @frame);
    write_all($connection->{socket}, $frame->to_bytes);
}

# Answers those who wait, as far as there is something for them.
sub serve_waiters {
    my ($connection) = @_;
    my $ended = $connection->{ended};
    for my $kind (qw(message pong)) {
        my ($waiters, $values) = @{ $connection->{$kind} }{qw(waiters values)};
        reply(shift @$waiters, result => shift @$values) while @$waiters && @$values;
        reply(shift @$waiters, error => 'the connection has ended') while @$waiters && $ended;
    }
    my $waiters = $connection->{end_waiters};
    reply(shift @$waiters, result => $ended) while @$waiters && $ended;
}

sub finish {
    my ($connection) = @_;
    return if $connection->{ended};
    my $socket = $connection->{socket};
    $select->remove($socket);
    close $socket;
    my $seen = $connection->{seen} // { code => $connection->{has_close} ? 1006 : 1005, reason => '' };
    $connection->{ended} = $seen;
    reply($connection->{opening}, error => 'the connection has ended') if defined $connection->{opening};
}

sub on_close_frame {
    my ($connection, $payload) = @_;
    my ($code, $reason) = length $payload >= 2 ? unpack('na*', $payload) : (1005, '');
    $connection->{seen} = { code => $code, reason => Encode::decode('UTF-8', $reason) };
    return if $connection->{closing};
    $connection->{closing} = 1;
    send_frame($connection, type => 'close', buffer => $payload);
}

sub on_frame {
    my ($connection, $payload) = @_;
    my $frame = $connection->{frame};
    if ($frame->is_close) { on_close_frame($connection, $payload) }
    elsif ($frame->is_ping) { send_frame($connection, type => 'pong', buffer => $payload) }
    elsif ($frame->is_pong) {
        die "another pong\n" if $payload ne $connection->{pinged};
        push @{ $connection->{pong}{values} }, $payload;
    }
    else {
        my $type = $frame->is_binary ? 'binary' : 'text';
        push @{ $connection->{message}{values} }, pack_parcel($type, $payload);
    }
}

sub shake_hands {
    my ($connection, $chunk) = @_;
    my $handshake = $connection->{handshake};
    my $number = $connection->{opening};
    if (!$handshake->parse($chunk)) {
        delete $connection->{opening};
        reply($number, error => $handshake->error);
        return finish($connection);
    }
    return unless $handshake->is_done;
    delete $connection->{opening};
    $connection->{frame} = $handshake->build_frame(max_payload_size => LIMIT);
    # What came behind the answer is the beginning of the first frame.
    $connection->{frame}->append($chunk);
    reply($number, result => { id => $connection->{id}, subprotocol => $handshake->res->subprotocol // '' });
}

sub on_bytes {
    my ($connection, $chunk) = @_;
    if ($connection->{frame}) { $connection->{frame}->append($chunk) }
    else { shake_hands($connection, $chunk) }
    while ($connection->{frame} && !$connection->{ended}) {
        my $payload = $connection->{frame}->next_bytes;
        last unless defined $payload;
        on_frame($connection, $payload);
    }
}

my %operations = (
    connect => sub {
        my ($number, $argument) = @_;
        my ($address) = $argument->{url} =~ m{^ws://([^/]+)};
        my $socket = IO::Socket::INET->new(PeerAddr => $address) or return reply($number, error => "$@");
        my $version = $drafts{ $argument->{version} };
        my $handshake = Protocol::WebSocket::Handshake::Client->new(url => $argument->{url}, version => $version);
        # One at most: the oldest versions have no list.
        $handshake->req->subprotocol($_) for @{ $argument->{subprotocols} // [] };
        my $connection = {
            id          => scalar @connections,
            socket      => $socket,
            handshake   => $handshake,
            has_close   => $version ne 'draft-hixie-75',
            opening     => $number,
            end_waiters => [],
            message     => { waiters => [], values => [] },
            pong        => { waiters => [], values => [] },
        };
        push @connections, $connection;
        $select->add($socket);
        write_all($socket, $handshake->to_string);
    },
    send => sub {
        my ($number, $argument, $connection) = @_;
        my ($type, $payload) = unpack_parcel($argument->{message});
        send_frame($connection, type => $type, buffer => $payload);
        reply($number);
    },
    receive => sub {
        my ($number, undef, $connection) = @_;
        push @{ $connection->{message}{waiters} }, $number;
    },
    fragments => sub {
        my ($number, $argument, $connection) = @_;
        my @pieces = @{ $argument->{messages} };
        for my $index (0 .. $#pieces) {
            my ($type, $payload) = unpack_parcel($pieces[$index]);
            $type = 'continuation' if $index;
            send_frame($connection, type => $type, fin => $index == $#pieces ? 1 : 0, buffer => $payload);
        }
        reply($number);
    },
    ping => sub {
        my ($number, $argument, $connection) = @_;
        $connection->{pinged} = Encode::encode('UTF-8', $argument->{payload});
        send_frame($connection, type => 'ping', buffer => $connection->{pinged});
        push @{ $connection->{pong}{waiters} }, $number;
    },
    close => sub {
        my ($number, $argument, $connection) = @_;
        my ($code, $reason) = @{$argument}{qw(code reason)};
        $connection->{closing} = 1;
        if ($connection->{has_close}) {
            my $payload = defined $code ? pack('n', $code) . Encode::encode('UTF-8', $reason // '') : '';
            send_frame($connection, type => 'close', buffer => $payload);
        }
        else {
            # The oldest version has no Close: the end of the connection says it.
            shutdown $connection->{socket}, 1;
        }
        reply($number);
    },
    closed => sub {
        my ($number, undef, $connection) = @_;
        push @{ $connection->{end_waiters} }, $number;
    },
    drop => sub {
        my ($number, undef, $connection) = @_;
        finish($connection);
        reply($number);
    },
);

sub on_question {
    my ($question) = @_;
    my ($number, $operation, $argument) = @{$question}{qw(number operation argument)};
    my $connection = defined $argument->{id} ? $connections[ $argument->{id} ] : undef;
    eval { $operations{$operation}->($number, $argument, $connection); 1 } or reply($number, error => "$@");
}

my $questions = '';
while (1) {
    for my $handle ($select->can_read) {
        my $count = sysread $handle, my $chunk, CHUNK;
        if ($handle == \*STDIN) {
            exit unless $count;
            $questions .= $chunk;
            on_question($json->decode($1)) while $questions =~ s/^(.*)\n//;
            next;
        }
        my ($connection) = grep { $_->{socket} == $handle } @connections;
        if ($count) { on_bytes($connection, $chunk) }
        else { finish($connection) }
    }
    serve_waiters($_) for @connections;
}

# A server with Protocol::WebSocket that does what the path says (see legacy-suite.ts). Prints its port, then how each connection ended.

use strict;
use warnings;

use Encode ();
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Protocol::WebSocket::Handshake::Server;

use constant CHUNK => 65_536;
use constant LIMIT => 4 * 1024 * 1024;

STDOUT->autoflush(1);
$SIG{PIPE} = 'IGNORE';

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16) or die "cannot listen: $@";
print $listener->sockport, "\n";

my $json = JSON::PP->new->utf8->ascii->canonical;
my $select = IO::Select->new(\*STDIN, $listener);
my %connections;

sub query_of {
    my ($query) = @_;
    my %fields = map { my ($name, $value) = split /=/, $_, 2; ($name => $value) } split /&/, $query // '';
    s/%([0-9A-Fa-f]{2})/chr hex $1/ge for values %fields;
    return \%fields;
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

sub send_fragments {
    my ($connection, $type, $payload) = @_;
    my $third = int((length($payload) + 2) / 3);
    for my $part (0 .. 2) {
        my $piece = $part * $third < length $payload ? substr($payload, $part * $third, $third) : '';
        send_frame($connection, type => $part ? 'continuation' : $type, fin => $part == 2, buffer => $piece);
    }
}

sub say_bye {
    my ($connection) = @_;
    # The oldest version has no Close: the end of the connection says it.
    return finish($connection) if $connection->{handshake}->version eq 'draft-hixie-75';
    my $query = $connection->{query};
    my $payload = defined $query->{code} ? pack('n', $query->{code}) . ($query->{reason} // '') : '';
    $connection->{closing} = 1;
    send_frame($connection, type => 'close', buffer => $payload);
}

sub finish {
    my ($connection) = @_;
    my $socket = $connection->{socket};
    $select->remove($socket);
    delete $connections{$socket};
    close $socket;
    return unless $connection->{query};
    my $end = $connection->{end} // {};
    my $reason = Encode::decode('UTF-8', $end->{reason} // '');
    print $json->encode({ id => $connection->{query}{id}, code => $end->{code}, reason => $reason }), "\n";
}

sub on_close_frame {
    my ($connection, $payload) = @_;
    my ($code, $reason) = length $payload >= 2 ? unpack('na*', $payload) : ();
    $connection->{end} = { code => $code, reason => $reason };
    send_frame($connection, type => 'close', buffer => $payload) unless $connection->{closing};
    finish($connection);
}

sub on_message {
    my ($connection, $type, $payload) = @_;
    my $path = $connection->{path};
    if ($path eq '/echo') { send_frame($connection, type => $type, buffer => $payload) }
    elsif ($path eq '/fragments') { send_fragments($connection, $type, $payload) }
    elsif ($path eq '/ping') { send_frame($connection, type => 'ping', buffer => $payload) }
    elsif ($path eq '/bye') { say_bye($connection) }
}

sub on_frame {
    my ($connection, $payload) = @_;
    my $frame = $connection->{frame};
    if ($frame->is_close) { on_close_frame($connection, $payload) }
    elsif ($frame->is_ping) { send_frame($connection, type => 'pong', buffer => $payload) }
    elsif ($frame->is_pong) { send_frame($connection, type => 'text', buffer => "pong $payload") }
    else { on_message($connection, $frame->is_binary ? 'binary' : 'text', $payload) }
}

sub shake_hands {
    my ($connection, $chunk) = @_;
    my $handshake = $connection->{handshake};
    if (!$handshake->parse($chunk)) {
        print STDERR 'Protocol::WebSocket: ', $handshake->error, "\n";
        return finish($connection);
    }
    return unless $handshake->is_done;
    my ($path, $query) = split /\?/, $handshake->req->resource_name, 2;
    $connection->{path} = $path;
    $connection->{query} = query_of($query);
    $connection->{frame} = $handshake->build_frame(max_payload_size => LIMIT);
    $handshake->res->subprotocol($handshake->req->subprotocol);
    write_all($connection->{socket}, $handshake->to_string);
}

sub on_bytes {
    my ($connection, $chunk) = @_;
    return shake_hands($connection, $chunk) unless $connection->{frame};
    $connection->{frame}->append($chunk);
    while ($connections{$connection->{socket}}) {
        my $payload = $connection->{frame}->next_bytes;
        last unless defined $payload;
        on_frame($connection, $payload);
    }
}

while (1) {
    for my $handle ($select->can_read) {
        if ($handle == $listener) {
            my $socket = $listener->accept or next;
            $select->add($socket);
            $connections{$socket} = { socket => $socket, handshake => Protocol::WebSocket::Handshake::Server->new };
            next;
        }
        my $count = sysread $handle, my $chunk, CHUNK;
        exit if $handle == \*STDIN && !$count;
        my $connection = $connections{$handle} or next;
        if ($count) { on_bytes($connection, $chunk) }
        else { finish($connection) }
    }
}

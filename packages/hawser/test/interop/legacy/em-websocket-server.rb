# A server with em-websocket that does what the path says (see legacy-suite.ts). Prints its port, then how each connection ended.

require "em-websocket"
require "json"

$stdout.sync = true

# Ends the program with its standard input.
module Leash
  def unbind
    EM.stop
  end
end

def text(bytes)
  bytes.to_s.dup.force_encoding(Encoding::UTF_8)
end

# Closes with the code that the query asks for, where the version has codes.
def say_bye(ws, query)
  if ws.supports_close_codes? && query["code"]
    ws.close(query["code"].to_i, URI.decode_www_form_component(query["reason"] || "").b)
  else
    ws.close
  end
end

EM.run do
  EM.attach($stdin, Leash)
  server = EM::WebSocket.run(host: "127.0.0.1", port: 0) do |ws|
    opening = nil
    ws.onopen { |handshake| opening = handshake }
    ws.onmessage do |message|
      case opening.path
      when "/echo" then ws.send_text(message)
      when "/bye" then say_bye(ws, opening.query)
      # As bytes: the length of a ping is counted in characters.
      when "/ping" then ws.ping(message.b)
      end
    end
    ws.onbinary { |message| ws.send_binary(message) if opening.path == "/echo" }
    ws.onpong { |message| ws.send_text("pong #{text(message)}") }
    ws.onclose do |event|
      end_seen = { code: event[:code], reason: text(event[:reason]) }
      puts JSON.generate({ id: opening.query["id"], **end_seen }) if opening
    end
    # A refusal is no error here: the test sees it.
    ws.onerror { |error| warn "em-websocket: #{error.message}" unless error.is_a?(EM::WebSocket::HandshakeError) }
  end
  port, = Socket.unpack_sockaddr_in(EM.get_sockname(server))
  puts port
end

import DRKit
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import OVirtClient

/// A loopback server that answers each request by a script of bytes, pauses and a close; under TLS, as an engine does.
final class MisbehavingServer: Sendable {
  enum Step: Sendable {
    case send(String)
    /// So many bytes of `x`.
    case flood(Int)
    case pause(Duration)
    case close
    /// Closes without TLS's good-bye.
    case cut
    /// As `cut`, and what is under way is thrown away: the other side sees a reset.
    case reset
  }

  enum Speech: Sendable {
    /// With the certificate of that name.
    case tls(String)
    case plain
  }

  let port: Int
  let url: String
  private let channel: any Channel
  private let log: RequestLog

  /// Heads and bodies of the requests so far.
  var requests: [String] { log.texts.withLock { $0 } }

  /// - Parameters:
  ///   - silentHandshakes: so many connections, the first ones, get no answer to their TLS hello; the hello counts as a request.
  ///   - socket: bound and listening already; taken over.
  ///   - script: what to do for the request of this number, counted from 0 over all connections.
  init(
    speaking speech: Speech = .tls("good"), silentHandshakes: Int = 0, on socket: CInt? = nil,
    _ script: @escaping @Sendable (_ number: Int, _ request: String) -> [Step]
  ) async throws {
    let log = RequestLog()
    let tls: NIOSSLContext?
    switch speech {
    case .tls(let name): tls = try TestTLS.certificates().context(name)
    case .plain: tls = nil
    }
    let silent = Mutex(silentHandshakes)
    let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let isSilent = silent.withLock { left in
            if left > 0 { left -= 1 } else { return false }
            return true
          }
          if let tls, !isSilent {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
          }
          try channel.pipeline.syncOperations.addHandler(ScriptHandler(script, log))
        }
      }
    if let socket {
      channel = try await bootstrap.withBoundSocket(socket).get()
    } else {
      channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
    }
    self.log = log
    port = channel.localAddress?.port ?? 0
    url = "\(tls == nil ? "http" : "https")://127.0.0.1:\(port)"
  }

  func stop() async { try? await channel.close() }

  static func ok(_ body: String) -> [Step] {
    [.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")]
  }
}

final class RequestLog: Sendable {
  let texts = Mutex<[String]>([])
}

private final class ScriptHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let script: @Sendable (Int, String) -> [MisbehavingServer.Step]
  private let log: RequestLog
  private var received = ""

  init(_ script: @escaping @Sendable (Int, String) -> [MisbehavingServer.Step], _ log: RequestLog) {
    self.script = script
    self.log = log
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += String(buffer: unwrapInboundIn(data))
    // A TLS client's first record: answered like a request, as web servers do.
    if received.utf8.first == 0x16 { received += "\r\n\r\n" }
    guard let end = received.firstRange(of: "\r\n\r\n") else { return }
    let head = received[..<end.lowerBound].lowercased()
    let length = head.split(separator: "content-length: ").dropFirst().first.flatMap {
      Int($0.prefix { $0.isNumber })
    }
    guard received[end.upperBound...].utf8.count >= length ?? 0 else { return }
    let request = received
    received = ""
    let number = log.texts.withLock { texts in
      texts.append(request)
      return texts.count - 1
    }
    let channel = context.channel
    let steps = script(number, request)
    Task {
      for step in steps {
        switch step {
        case .send(let text): try? await channel.writeAndFlush(ByteBuffer(string: text))
        case .flood(let count): try? await channel.writeAndFlush(ByteBuffer(repeating: 0x78, count: count))
        case .pause(let span): try? await Task.sleep(for: span)
        case .close: try? await channel.close()
        case .cut: try? await Cut.off(channel, resets: false)
        case .reset: try? await Cut.off(channel, resets: true)
        }
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

private enum Cut {
  /// Past the TLS handler, if there is one: the close begins at the pipeline's front.
  static func off(_ channel: any Channel, resets: Bool) async throws {
    if resets {
      let options = channel as? any SocketOptionProvider
      try await options?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    }
    try await channel.eventLoop.submit {
      if let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
        tls.close(promise: nil)
      } else {
        channel.close(promise: nil)
      }
    }.get()
  }
}

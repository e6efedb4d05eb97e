import DRKit
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A loopback HTTPS server for `TransportTrial`: `/large/COUNT` gives so many bytes, any other path a small JSON document.
final class TrialServer: Sendable {
  let port: Int
  private let channel: any Channel

  /// - Throws: `.unfit` if certificate or key can't be read, `.transient` if no port can be bound.
  init(certificate: String, key: String) async throws(DRError) {
    let tls: NIOSSLContext
    do {
      tls = try NIOSSLContext(
        configuration: .makeServerConfiguration(
          certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
          privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))))
    } catch {
      throw DRError(
        .unfit, "read the trial's certificate and key", certificate, reason: "they can't be used")
    }
    do {
      channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
            try channel.pipeline.syncOperations.addHandler(TrialHandler())
          }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    } catch {
      throw DRError(.transient, "start the trial's server", reason: "no loopback port can be bound")
    }
    port = channel.localAddress?.port ?? 0
  }

  func stop() async { try? await channel.close() }
}

private final class TrialHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private var received = ""

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += String(buffer: unwrapInboundIn(data))
    // The trial sends no bodies.
    guard received.hasSuffix("\r\n\r\n") else { return }
    let path = received.split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
    received = ""
    let channel = context.channel
    Task { await TrialAnswer.send(path, channel) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

private enum TrialAnswer {
  static func send(_ path: String, _ channel: any Channel) async {
    let large = "/large/"
    guard path.hasPrefix(large), var left = Int(path.dropFirst(large.count)) else {
      let body = #"{"product_info":{"version":{"full_version":"4.5.5-1.el9"}}}"#
      let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)"
      try? await channel.writeAndFlush(ByteBuffer(string: "\(head)\r\n\r\n\(body)"))
      return
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: \(left)\r\n\r\n"
    guard (try? await channel.writeAndFlush(ByteBuffer(string: head))) != nil else { return }
    while left > 0 {
      let count = min(left, 1 << 18)
      // Each piece waits for the one before, so that the server holds no more than one.
      guard (try? await channel.writeAndFlush(ByteBuffer(repeating: 0x78, count: count))) != nil else {
        return
      }
      left -= count
    }
  }
}

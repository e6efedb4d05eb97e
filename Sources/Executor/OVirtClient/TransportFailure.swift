import AsyncHTTPClient
import DRKit
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The library's many errors in our few cases.
enum TransportFailure {
  static func translate(_ error: any Error, deadline: TimeSpan, bodyLimit: Int) -> TransportError {
    switch error {
    case is CancellationError: return .cancelled
    case let error as HTTPClientError: return translate(error, deadline)
    case is NIOTooManyBytesError: return .tooLarge(limit: bodyLimit)
    case let error as NIOConnectionError: return .unreachable(words(for: error))
    case NIOSSLError.uncleanShutdown: return .truncated("the TLS connection was cut")
    case NIOSSLError.handshakeFailed(.zeroReturn), NIOSSLError.handshakeFailed(.syscallError):
      return .truncated(cutHandshake)
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return translate(tls: error)
    case HTTPParserError.invalidEOFState: return .truncated("the connection was closed within the reply")
    case let error as HTTPParserError: return .garbled("\(error)")
    case let error as IOError:
      let text = reason(of: error)
      return error.errnoCode == ECONNREFUSED ? .unreachable(text) : .truncated(text)
    case let error as ChannelError: return translate(error)
    default: return .unreachable("\(type(of: error))")
    }
  }

  private static func translate(_ error: HTTPClientError, _ deadline: TimeSpan) -> TransportError {
    switch error {
    case .cancelled, .requestStreamCancelled: .cancelled
    case .deadlineExceeded, .readTimeout, .writeTimeout: .timeout(deadline)
    case .connectTimeout: .unreachable("the connection was not accepted within 10 s")
    case .tlsHandshakeTimeout: .unreachable("the TLS handshake took longer than 10 s")
    case .getConnectionFromPoolTimeout: .unreachable("no connection became free")
    case .remoteConnectionClosed: .truncated("the connection was closed without a full reply")
    case .alreadyShutdown: .unreachable("the client was shut down")
    default: .garbled(error.shortDescription)
    }
  }

  private static func translate(_ error: ChannelError) -> TransportError {
    switch error {
    case .connectTimeout: .unreachable("the connection was not accepted in time")
    case .ioOnClosedChannel, .eof, .inputClosed, .outputClosed, .alreadyClosed:
      .truncated("the connection was closed")
    default: .unreachable("\(error)")
    }
  }

  private static func words(for error: NIOConnectionError) -> String {
    if let first = error.connectionErrors.first {
      return (first.error as? IOError).map(reason(of:)) ?? "\(first.error)"
    }
    return "its name can't be resolved"
  }

  private static func reason(of error: IOError) -> String {
    switch error.errnoCode {
    case ECONNREFUSED: "connection refused"
    case ECONNRESET: "connection reset"
    case EPIPE: "the connection was closed"
    case EHOSTUNREACH, ENETUNREACH: "no route"
    default: "system error \(error.errnoCode)"
    }
  }

  private static let cutHandshake = "the connection was closed within the TLS handshake"

  /// Only what a retry can't change is `.tls`: a busy httpd cuts and delays handshakes, too.
  private static func translate(tls error: any Error) -> TransportError {
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return .tls("its certificate is not signed by the configured CA, or has expired")
    }
    if text.contains("alidateHostname") || text.contains("unableToValidateCertificate") {
      return .tls("its certificate is for another host name")
    }
    if text.contains("WRONG_VERSION_NUMBER") { return .tls("it does not speak TLS") }
    if text.contains("PROTOCOL") { return .tls("it speaks no version of TLS that we speak") }
    if text.contains("CERTIFICATE") || text.contains("noCertificate") {
      return .tls("its certificate was not accepted")
    }
    // BoringSSL has no code for an end of file; NIOSSL names it so.
    if text.lowercased().contains("eof") { return .truncated(cutHandshake) }
    return .unreachable("the TLS handshake failed")
  }
}

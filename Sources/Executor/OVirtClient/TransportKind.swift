import DRKit

/// Which transport carries an engine's requests; the names are those of the configuration's `engine.transport`.
public enum TransportKind: String, Hashable, Sendable, CaseIterable {
  /// `URLSession` over our own protocol class.
  case urlSession = "urlsession"
  /// async-http-client without Foundation.
  case asyncHTTPClient = "async-http-client"

  /// What is used where nothing is said; docs/transport.md says why.
  public static let standard = TransportKind.urlSession

  /// A transport of this kind, with the defaults and errors of their initializers, which are the same.
  public func make(
    address: EngineAddress, authority: CertificateAuthority, deadline: TimeSpan = .seconds(60),
    bodyLimit: Int = 64 << 20
  ) throws(DRError) -> any OVirtTransport {
    switch self {
    case .urlSession:
      try URLSessionTransport(
        address: address, authority: authority, deadline: deadline, bodyLimit: bodyLimit)
    case .asyncHTTPClient:
      try AsyncHTTPTransport(
        address: address, authority: authority, deadline: deadline, bodyLimit: bodyLimit)
    }
  }
}

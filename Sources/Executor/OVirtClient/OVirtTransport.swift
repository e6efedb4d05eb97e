import DRKit

/// The byte-level seam under the oVirt client: one request, one reply, or one typed error. Everything above it runs
/// unchanged on canned replies.
public protocol OVirtTransport: Sendable {
  /// Sends one request and collects the whole reply, whatever its status; redirects are errors.
  func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply

  /// Closes connections. Later requests fail; a second call does nothing.
  func shutdown() async
}

public struct OVirtRequest: Hashable, Sendable {
  public enum Method: String, Hashable, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  public struct Item: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public var method: Method
  /// Absolute, and made of characters that need no escape: `/ovirt-engine/api/vms`.
  public var path: String
  /// Not escaped yet.
  public var query: [Item]
  public var headers: [Item]
  public var body: [UInt8]?

  public init(
    _ method: Method, _ path: String, query: [Item] = [], headers: [Item] = [], body: [UInt8]? = nil
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
  }

  /// Path and escaped query, as they stand in the request line.
  public var target: String { query.isEmpty ? path : "\(path)?\(FormEncoding.encode(query))" }

  /// The first header of that name, in any case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// Neither headers nor body: they hold the token and the password.
extension OVirtRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "\(method.rawValue) \(path)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

public struct OVirtReply: Hashable, Sendable {
  /// HTTP status, 200...599.
  public var status: Int
  public var headers: [OVirtRequest.Item]
  public var body: [UInt8]

  public init(status: Int, headers: [OVirtRequest.Item] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The first header of that name, in any case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// The body holds the token when the reply is a login's.
extension OVirtReply: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "HTTP \(status), \(body.count) bytes" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why there is no reply. Texts come from the operating system or the TLS library and never hold a request's content.
public enum TransportError: Error, Hashable, Sendable {
  /// No connection: refused, no route, no such name, connect time-out.
  case unreachable(String)
  /// The handshake failed or the certificate is not trusted for this host.
  case tls(String)
  /// The whole request took longer than this.
  case timeout(TimeSpan)
  /// The connection ended before the reply did; the request may have been carried out.
  case truncated(String)
  /// The reply is longer than this many bytes.
  case tooLarge(limit: Int)
  /// The server points elsewhere, which is never followed: the token would go there too. The target's query is cut off.
  case redirected(to: String)
  /// The other side does not speak HTTP.
  case garbled(String)
  case cancelled
}

extension TransportError {
  /// The error as the rest of drkit knows it.
  func drError(_ call: CallName, origin: String) -> DRError {
    switch self {
    case .unreachable(let why):
      call.error(
        .transient, "\(origin) can't be reached: \(why)", "Check that the engine runs and the network")
    case .tls(let why):
      call.error(
        .refused, "\(origin) is not trusted: \(why)",
        "Check the CA file (/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA) "
          + "and the host name")
    case .timeout(let span):
      call.error(.transient, "\(origin) did not answer in full within \(span.wholeSeconds) s")
    case .truncated(let why): call.error(.transient, "\(origin) broke off: \(why)")
    case .tooLarge(let limit): call.error(.malformed, "the reply is longer than \(limit) bytes")
    case .redirected(let target):
      call.error(
        .refused, "\(origin) redirects to \(target)", "Configure the URL that the engine itself uses")
    case .garbled(let why):
      call.error(.malformed, "\(origin) does not speak HTTP: \(why)", "Check the URL's port")
    case .cancelled: .stopped
    }
  }
}

/// What is being done, for error texts.
struct CallName: Hashable, Sendable {
  var operation: String
  var subject: String

  init(_ operation: String, _ subject: String = "") {
    self.operation = operation
    self.subject = subject
  }

  func error(_ kind: DRError.Kind, _ reason: String, _ remedy: String = "") -> DRError {
    DRError(kind, operation, subject, reason: reason, remedy: remedy)
  }
}

import DRKit

/// Where an engine's web services are: scheme, host and port of the configured URL.
///
/// The paths under it are fixed: the API is at `/ovirt-engine/api`, single sign-on at `/ovirt-engine/sso`, as the
/// official SDK has them.
public struct EngineAddress: Hashable, Sendable {
  /// False for plain HTTP, which is allowed to this very machine only (test beds).
  public let usesTLS: Bool
  /// A name or an address; an IPv6 address stands here without brackets.
  public let host: String
  /// 1...65535.
  public let port: Int

  /// Reads `https://engine.example/ovirt-engine/api`; the path may be left out.
  /// - Throws: `DRError` of kind `.unfit` for any other scheme, for plain HTTP to another machine, and for a URL with
  ///   user, password, query or another path.
  public init(url: String) throws(DRError) {
    func unfit(_ reason: String, _ remedy: String) -> DRError {
      // The URL itself stays out of the text: a password may have been put into it.
      DRError(.unfit, "read the engine's URL", reason: reason, remedy: remedy)
    }
    let example = "Write https://engine.example/ovirt-engine/api"
    let rest: Substring
    if url.hasPrefix("https://") {
      usesTLS = true
      rest = url.dropFirst(8)
    } else if url.hasPrefix("http://") {
      usesTLS = false
      rest = url.dropFirst(7)
    } else {
      throw unfit("it does not begin with https://", example)
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash]
    if rest.contains("@") {
      throw unfit("it holds an @", "Put user and password into their own settings, not into the URL")
    }
    var path = rest[slash...]
    while path.hasSuffix("/") { path = path.dropLast() }
    guard path.isEmpty || path == "/ovirt-engine" || path == "/ovirt-engine/api" else {
      throw unfit("its path is not /ovirt-engine/api", example)
    }
    guard let (host, port) = Self.split(authority), Self.isPlausible(host) else {
      throw unfit("its host or port can't be read", example)
    }
    self.host = host
    self.port = port ?? (usesTLS ? 443 : 80)
    guard usesTLS || Self.isLoopback(host) else {
      throw unfit("plain http to another machine would show the password to the network", "Use https://")
    }
  }

  /// `https://engine.example:443`, IPv6 addresses in brackets.
  public var origin: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    return "\(usesTLS ? "https" : "http")://\(shown):\(port)"
  }

  private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
    var host = authority
    var port: Int?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let tail = authority[authority.index(after: end)...]
      guard host.contains(":"), tail.isEmpty || tail.hasPrefix(":") else { return nil }
      if !tail.isEmpty {
        guard let number = portNumber(tail.dropFirst()) else { return nil }
        port = number
      }
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      guard let number = portNumber(authority[authority.index(after: colon)...]) else { return nil }
      port = number
    }
    return (String(host), port)
  }

  private static func portNumber(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text),
      (1...65_535).contains(port)
    else { return nil }
    return port
  }

  private static func isPlausible(_ host: String) -> Bool {
    !host.isEmpty
      && host.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }

  private static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}

import DRKit
import Simulator

/// Who may talk to the bed.
public struct BedCredentials: Sendable, Hashable {
  public var user: String
  public var password: String

  public init(user: String = "admin@internal", password: String) {
    self.user = user
    self.password = password
  }

  /// What a bed on loopback accepts unless told otherwise; protects nothing, and is in every test.
  public static let standard = BedCredentials(password: "testbed")
}

/// Where a bed's bearer tokens come from.
public enum BedTokens: Sendable {
  /// The operating system.
  case random
  /// The same tokens each time: for simulations, where nobody else is there to guess them.
  case seeded(Randomness)

  /// 86 characters, as the engine's have.
  mutating func next() -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    switch self {
    case .random:
      var source = SystemRandomNumberGenerator()
      return String((0..<86).map { _ in alphabet[Int(source.next() & 63)] })
    case .seeded(var source):
      defer { self = .seeded(source) }
      return String((0..<86).map { _ in alphabet[Int(source.next() & 63)] })
    }
  }
}

/// Bearer tokens. A session ends by logout or when it was idle for too long (`UserSessionTimeOutInterval`, 30 minutes).
struct BedSessions: Sendable {
  private let credentials: BedCredentials
  private let idle: TimeSpan
  private var tokens: BedTokens
  private var lastUse: [String: Instant] = [:]

  /// With more sessions than this the idle ones are forgotten, then logging in is refused.
  static let limit = 10_000

  init(credentials: BedCredentials, idle: TimeSpan, tokens: BedTokens) {
    self.credentials = credentials
    self.idle = idle
    self.tokens = tokens
  }

  func matches(user: String, password: String) -> Bool {
    user == credentials.user && password == credentials.password
  }

  /// A new token, or nil for wrong credentials.
  mutating func logIn(user: String, password: String, now: Instant) -> String? {
    guard matches(user: user, password: password) else { return nil }
    if lastUse.count >= Self.limit { lastUse = lastUse.filter { now - $0.value <= idle } }
    guard lastUse.count < Self.limit else { return nil }
    let token = tokens.next()
    lastUse[token] = now
    return token
  }

  /// Whether the token is good, and then good for another idle period.
  mutating func use(_ token: String, now: Instant) -> Bool {
    guard let last = lastUse[token], now - last <= idle else {
      lastUse[token] = nil
      return false
    }
    lastUse[token] = now
    return true
  }

  mutating func logOut(_ token: String) { lastUse[token] = nil }

  mutating func endAll() { lastUse = [:] }
}

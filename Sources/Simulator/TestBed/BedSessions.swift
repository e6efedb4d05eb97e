import DRKit

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

/// Bearer tokens. A session ends by logout or when it was idle for too long (`UserSessionTimeOutInterval`, 30 minutes).
actor BedSessions {
  private let credentials: BedCredentials
  private let idle: TimeSpan
  private let clock: @Sendable () -> Instant
  private var lastUse: [String: Instant] = [:]

  /// With more sessions than this the idle ones are forgotten, then logging in is refused.
  static let limit = 10_000

  init(credentials: BedCredentials, idle: TimeSpan, clock: @escaping @Sendable () -> Instant) {
    self.credentials = credentials
    self.idle = idle
    self.clock = clock
  }

  func matches(user: String, password: String) -> Bool {
    user == credentials.user && password == credentials.password
  }

  /// A new token, or nil for wrong credentials.
  func logIn(user: String, password: String) -> String? {
    guard matches(user: user, password: password) else { return nil }
    let now = clock()
    if lastUse.count >= Self.limit { lastUse = lastUse.filter { now - $0.value <= idle } }
    guard lastUse.count < Self.limit else { return nil }
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var random = SystemRandomNumberGenerator()
    let token = String((0..<86).map { _ in alphabet[Int(random.next() & 63)] })
    lastUse[token] = now
    return token
  }

  /// Whether the token is good, and then good for another idle period.
  func use(_ token: String) -> Bool {
    let now = clock()
    guard let last = lastUse[token], now - last <= idle else {
      lastUse[token] = nil
      return false
    }
    lastUse[token] = now
    return true
  }

  func logOut(_ token: String) { lastUse[token] = nil }

  /// Ends every session, as a restart of the engine does.
  func endAll() { lastUse = [:] }
}

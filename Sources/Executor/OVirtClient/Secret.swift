/// A text that no description, dump or mirror shows.
public struct Secret: Hashable, Sendable {
  let value: String

  public init(_ value: String) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "<secret>" }
  public var debugDescription: String { "<secret>" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Who drkit is to the engine.
public struct OVirtCredentials: Hashable, Sendable {
  /// With its profile: `admin@internal`, or `admin@ovirt@internalsso` where Keycloak is set up.
  public var user: String
  public var password: Secret

  public init(user: String, password: String) {
    self.user = user
    self.password = Secret(password)
  }
}

extension OVirtCredentials: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { "\(user), password hidden" }
  public var debugDescription: String { description }
}

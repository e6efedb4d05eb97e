/// One option of a geo-replication session.
public struct SessionSetting: Hashable, Sendable, Codable {
  /// As `config` lists it, with underscores: `sync_jobs`.
  public var name: String
  /// Empty where it is not set.
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

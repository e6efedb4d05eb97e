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

extension [SessionSetting] {
  /// Nil where the option is not listed.
  public func value(of name: String) -> String? { first { $0.name == name }?.value }

  /// What carries the data, where that is not rsync: tar, which knows neither a limit nor a quick check.
  public var otherThanRsync: String? {
    if let method = value(of: "sync_method"), method != "rsync" { return "sync-method is \(method)" }
    // The word of Gluster 3.
    return value(of: "use_tarssh")?.lowercased() == "true" ? "use-tarssh is true" : nil
  }
}

import DRKit

/// What happened, in the order in which it happened, for people.
public struct Timeline: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, Codable {
    case run, phase, note, fault, seal, law
  }

  public struct Entry: Sendable, Hashable, Codable {
    public var at: Instant
    public var kind: Kind
    public var text: String
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public mutating func add(_ at: Instant, _ kind: Kind, _ text: String) {
    entries.append(Entry(at: at, kind: kind, text: text))
  }
}

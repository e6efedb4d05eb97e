/// Something that befell a machine, as the engine's log has it.
public struct MachineEvent: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    case started
    /// Shut down, powered off, suspended or died.
    case stopped
    /// Arrived at another host.
    case migrated
    case snapshotTaken, snapshotRemoved
    case diskAttached, diskDetached
  }

  /// The engine's number of it, from 1; later events have greater ones.
  public var index: Int64
  public var kind: Kind
  public var machine: VirtualMachineID
  public var at: Instant
  /// Of the request that caused it; nil for what happened by itself, and where the engine does not say.
  public var correlationID: String?
  /// The engine's words, which name the snapshot where it is about one.
  public var text: String

  public init(
    index: Int64, kind: Kind, machine: VirtualMachineID, at: Instant, correlationID: String? = nil,
    text: String
  ) {
    self.index = index
    self.kind = kind
    self.machine = machine
    self.at = at
    self.correlationID = correlationID
    self.text = text
  }
}

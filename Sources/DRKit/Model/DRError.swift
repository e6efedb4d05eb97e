/// What went wrong, at what, and what an operator can do about it. The one error type of DRKit and of its ports.
///
/// Never holds a secret: adapters put names of things into it, not credentials or whole requests.
public struct DRError: Error, Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// May go away by itself, or the answer was lost (the effect may have taken place): retry with back-off.
    case transient
    /// The other side understood and said no: a retry would hear the same.
    case refused
    /// The thing asked for does not exist.
    case missing
    /// The answer can't be understood (not XML, a field missing, a number out of range).
    case malformed
    /// A journalled deadline passed.
    case timedOut
    /// The content, or the state of the world, is not what a proof demands.
    case disproved
    /// A proof was made, and the destination's content is not the primary's: it is diverged until it is repaired.
    case diverged
    /// The run's own journal can't be read. Passed on at once like `stopped`: what can't be read decides nothing.
    case unreadable
    /// Bad configuration or a precondition that is not met; nothing was touched.
    case unfit
    /// Another run holds the lease.
    case busy
    /// This incarnation is told to end (SIGTERM, cancellation, a simulated crash). Passed on at once, never handled.
    case stopped
  }

  public var kind: Kind
  /// What was being done, as a verb phrase: `"start geo-replication"`.
  public var operation: String
  /// What it was done to: `"data → b1::data-dr"`; may be empty.
  public var subject: String
  /// Why it failed, in the other side's words where there are any.
  public var reason: String
  /// What to do about it; empty if nothing is known.
  public var remedy: String

  public init(
    _ kind: Kind, _ operation: String, _ subject: String = "", reason: String, remedy: String = ""
  ) {
    self.kind = kind
    self.operation = operation
    self.subject = subject
    self.reason = reason
    self.remedy = remedy
  }

  /// Whether it ends this incarnation and leaves the run to another one.
  public var endsIncarnation: Bool { kind == .stopped || kind == .unreadable }

  public static let stopped = DRError(.stopped, "run", reason: "this process was told to stop")
}

extension DRError: CustomStringConvertible {
  /// One line of at most 4 KiB without control characters: the other side's words are not obeyed by a terminal, and a whole
  /// document is not thrown at whoever reads the error.
  public var description: String {
    let operation = OneLine.of(operation, limit: 300)
    let subject = OneLine.of(subject, limit: 700)
    let reason = OneLine.of(reason, limit: 1_800)
    let remedy = OneLine.of(remedy, limit: 1_000)
    let head = subject.isEmpty ? "\(operation): \(reason)" : "\(operation) (\(subject)): \(reason)"
    return remedy.isEmpty ? head : "\(head)\(head.hasSuffix(".") ? "" : ".") Remedy: \(remedy)"
  }
}

import DRKit

/// A refusal as REST gives it: the HTTP status and the `<fault>` texts (R `util/ErrorMessageHelper.java`).
public struct EngineFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// HTTP status.
  public var status: Int
  /// Messages in square brackets; nil where the engine answers with an empty body.
  public var detail: String?
  public var reason: String

  public init(status: Int, detail: String?, reason: String = "Operation Failed") {
    self.status = status
    self.detail = detail
    self.reason = reason
  }

  public var description: String { "\(status) \(reason): \(detail ?? "no body")" }
}

extension EngineFault {
  /// Most single GETs of an unknown id: 404 without a body (R `BaseBackendResource.handleError`, notFoundAs404).
  static let missing = EngineFault(status: 404, detail: nil)

  static func entityMissing(_ query: String, _ id: some CustomStringConvertible) -> EngineFault {
    EngineFault(status: 404, detail: "Entity not found: \(query): id=\(id)")
  }

  static func conflict(_ text: String) -> EngineFault { EngineFault(status: 409, detail: "[\(text)]") }

  static func bad(_ text: String) -> EngineFault { EngineFault(status: 400, detail: "[\(text)]") }

  static func incomplete(_ type: String, _ field: String, _ verb: String) -> EngineFault {
    EngineFault(
      status: 400, detail: "\(type) [\(field)] required for \(verb)", reason: "Incomplete parameters")
  }

  /// ErrorType INTERNAL_ERROR: a 500, and yet a verdict.
  static func illegalDisks(_ aliases: [String]) -> EngineFault {
    EngineFault(
      status: 500,
      detail:
        "[Cannot create Snapshot. The following attached disks are in ILLEGAL status: "
        + "\(aliases.joined(separator: ", ")) - please remove them and try again.]")
  }
}

/// What the engine is told to do wrong. Plain data: which calls it bites is a function of the call's number, which the
/// model counts, so that a replay bites at the same calls.
public struct EngineFaultPlan: Sendable, Hashable {
  public enum Verb: String, Sendable, Hashable, CaseIterable {
    case createSnapshot, removeSnapshot, updateOVFStore, postEvent
  }

  public enum Effect: Sendable, Hashable {
    /// The request is refused; nothing happens.
    case refuse(status: Int, detail: String)
    /// The request is accepted, its work fails.
    case failWork(reason: String)
  }

  public struct Rule: Sendable, Hashable {
    public var verb: Verb
    /// Nil: any machine (calls are then counted over all machines).
    public var machine: VirtualMachineID?
    /// Which calls, counted from 1.
    public var calls: ClosedRange<Int>
    public var effect: Effect

    public init(
      _ verb: Verb, machine: VirtualMachineID? = nil, calls: ClosedRange<Int>, _ effect: Effect
    ) {
      self.verb = verb
      self.machine = machine
      self.calls = calls
      self.effect = effect
    }
  }

  public var rules: [Rule]

  public init(_ rules: [Rule] = []) { self.rules = rules }

  /// The effect on the call that is the `ofMachine`-th of this verb for the machine and the `overall`-th of all; the first
  /// rule that fits wins.
  public func effect(
    on verb: Verb, machine: VirtualMachineID?, ofMachine: Int, overall: Int
  ) -> Effect? {
    for rule in rules where rule.verb == verb {
      if let wanted = rule.machine {
        if wanted == machine && rule.calls.contains(ofMachine) { return rule.effect }
      } else if rule.calls.contains(overall) {
        return rule.effect
      }
    }
    return nil
  }
}

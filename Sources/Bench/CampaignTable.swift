import DRKit
import Dispatch
import Simulator
import Synchronization

/// What came of many seeds of a campaign.
public struct CampaignTable: Sendable, Codable {
  public struct Class: Sendable, Codable {
    public var verdict: Campaign.Verdict
    public var seeds = 0
  }

  public struct Fault: Sendable, Codable {
    public var fault: String
    public var drawn = 0
    /// Seeds in which it was drawn, and in which it was felt.
    public var seeds = 0
    public var felt = 0
  }

  public struct Failure: Sendable, Codable {
    /// What was being done.
    public var operation: String
    public var runs: Int
  }

  public var name: String
  public var first: UInt64
  public var seeds: Int
  public var classes: [Class] = Campaign.Verdict.allCases.map { Class(verdict: $0) }
  public var sealed = 0
  public var failed = 0
  public var silent = 0
  public var lives = 0
  public var struck = 0
  public var assessments = 0
  public var faults: [Fault] = []
  /// Most frequent first.
  public var failures: [Failure] = []
  /// The first that are stuck or broken, at most 20.
  public var bad: [Campaign.Outcome] = []
  /// Over the traces of all seeds, in their order: debug and release must agree.
  public var hash = ""

  public var isKept: Bool {
    classes.allSatisfy { $0.seeds == 0 || ($0.verdict != .stuck && $0.verdict != .broken) }
  }

  /// Runs the seeds `first`, `first` + 1, … on every core: each simulation keeps to its own thread.
  /// - Parameter progress: called now and then with how many seeds are done, of how many.
  public static func make(
    _ campaign: Campaign, first: UInt64, seeds: Int,
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) -> CampaignTable {
    struct State {
      var outcomes: [Campaign.Outcome?]
      var done = 0
    }
    let state = Mutex(State(outcomes: Array(repeating: nil, count: seeds)))
    DispatchQueue.concurrentPerform(iterations: seeds) { index in
      let outcome = campaign.run(first &+ UInt64(index))
      let done = state.withLock { state in
        state.outcomes[index] = outcome
        state.done += 1
        return state.done
      }
      if done % 20 == 0 || done == seeds { progress(done, seeds) }
    }
    var table = CampaignTable(name: campaign.base?.name ?? "campaign", first: first, seeds: seeds)
    var hash = TraceHash()
    var failures: [String] = []
    for outcome in state.withLock({ $0.outcomes.compactMap { $0 } }) {
      table.add(outcome)
      hash.add(outcome.trace)
      failures += outcome.failures
    }
    table.hash = hash.description
    let counts = Dictionary(failures.map { ($0, 1) }, uniquingKeysWith: +)
    table.failures = counts.map { Failure(operation: $0.key, runs: $0.value) }
      .sorted { ($1.runs, $0.operation) < ($0.runs, $1.operation) }
    table.faults.sort { $0.fault < $1.fault }
    return table
  }

  private mutating func add(_ outcome: Campaign.Outcome) {
    if let index = classes.firstIndex(where: { $0.verdict == outcome.verdict }) { classes[index].seeds += 1 }
    sealed += outcome.sealed
    failed += outcome.failed
    silent += outcome.silent
    lives += outcome.lives
    struck += outcome.struck
    assessments += outcome.assessments
    for told in outcome.faults {
      if !faults.contains(where: { $0.fault == told.fault }) { faults.append(Fault(fault: told.fault)) }
      guard let index = faults.firstIndex(where: { $0.fault == told.fault }) else { continue }
      faults[index].drawn += told.drawn
      faults[index].seeds += 1
      if told.isFelt { faults[index].felt += 1 }
    }
    if !outcome.isGood && bad.count < 20 { bad.append(outcome) }
  }
}

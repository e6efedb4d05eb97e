import DRKit
import Dispatch
import Simulator
import Synchronization

/// What came of striking a scenario everywhere: one row for each way, and each case that broke a law.
public struct CrashTable: Sendable, Codable {
  public struct Row: Sendable, Codable {
    public var way: CrashSweep.Way
    /// True for the row of cases that were struck again in the resumption.
    public var twice: Bool
    public var cases = 0
    /// Struck before a request, before an answer, before a sleep.
    public var requests = 0
    public var answers = 0
    public var sleeps = 0
    public var sealed = 0
    public var failed = 0
    public var broken = 0
  }

  public var scenario: String
  public var seed: UInt64
  /// Boundaries of each life when nobody strikes.
  public var boundaries: [UInt64]
  public var rows: [Row] = []
  /// At most 20.
  public var broken: [CrashSweep.Outcome] = []

  public var cases: Int { rows.reduce(0) { $0 + $1.cases } }
  public var isKept: Bool { rows.allSatisfy { $0.broken == 0 } }

  /// How much of it is tried.
  public struct Extent: Sendable {
    /// Every so-many-th boundary.
    public var stride: UInt64
    /// So many cases of each way are struck again in the resumption.
    public var again: Int
    /// At every so-many-th boundary of it.
    public var againStride: UInt64

    public init(stride: UInt64 = 1, again: Int = 8, againStride: UInt64 = 1) {
      self.stride = max(1, stride)
      self.again = max(0, again)
      self.againStride = max(1, againStride)
    }
  }

  /// Runs every case, on every core: each simulation keeps to its own thread.
  /// - Parameter progress: called now and then with how many cases are done, of how many.
  public static func make(
    _ sweep: CrashSweep, _ extent: Extent, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
  ) -> CrashTable {
    let boundaries = sweep.boundaries()
    var table = CrashTable(scenario: sweep.scenario.name, seed: sweep.seed, boundaries: boundaries)
    let cases = CrashSweep.cases(boundaries, stride: extent.stride)
    let first = outcomes(sweep, cases, progress)
    for way in CrashSweep.Way.allCases {
      table.add(first.filter { $0.tried.way == way }, way, twice: false)
    }
    let second = outcomes(sweep, again(first, extent), progress)
    for way in CrashSweep.Way.allCases {
      let mine = second.filter { $0.tried.way == way }
      if !mine.isEmpty { table.add(mine, way, twice: true) }
    }
    return table
  }

  /// The cases of the second round: spread evenly over the first, since neighbours resume alike.
  private static func again(_ first: [CrashSweep.Outcome], _ extent: Extent) -> [CrashSweep.Case] {
    CrashSweep.Way.allCases.flatMap { way -> [CrashSweep.Case] in
      let mine = first.filter { $0.tried.way == way && $0.resumption != nil }
      guard extent.again > 0, !mine.isEmpty else { return [] }
      let step = max(1, mine.count / extent.again)
      return stride(from: step / 2, to: mine.count, by: step).flatMap {
        CrashSweep.again(mine[$0], stride: extent.againStride)
      }
    }
  }

  private static func outcomes(
    _ sweep: CrashSweep, _ cases: [CrashSweep.Case], _ progress: @escaping @Sendable (Int, Int) -> Void
  ) -> [CrashSweep.Outcome] {
    struct State {
      var outcomes: [CrashSweep.Outcome?]
      var done = 0
    }
    let state = Mutex(State(outcomes: Array(repeating: nil, count: cases.count)))
    DispatchQueue.concurrentPerform(iterations: cases.count) { index in
      let outcome = sweep.run(cases[index])
      let done = state.withLock { state in
        state.outcomes[index] = outcome
        state.done += 1
        return state.done
      }
      if done % 100 == 0 || done == cases.count { progress(done, cases.count) }
    }
    return state.withLock { $0.outcomes.compactMap { $0 } }
  }

  private mutating func add(_ outcomes: [CrashSweep.Outcome], _ way: CrashSweep.Way, twice: Bool) {
    var row = Row(way: way, twice: twice)
    for outcome in outcomes {
      row.cases += 1
      switch outcome.struckAt {
      case .request: row.requests += 1
      case .answer: row.answers += 1
      case .sleep: row.sleeps += 1
      case nil: break
      }
      switch outcome.verdict {
      case .sealed: row.sealed += 1
      case .failed: row.failed += 1
      case .broken:
        row.broken += 1
        if broken.count < 20 { broken.append(outcome) }
      }
    }
    rows.append(row)
  }
}

import Testing

@testable import DRKit

private let a0 = BrickName(node: "a1", path: "/b0")
private let p0 = BrickName(node: "a2", path: "/b0")
private let a1 = BrickName(node: "a1", path: "/b1")
private let p1 = BrickName(node: "a2", path: "/b1")
private let ours = Instant(epochSeconds: 1_700_000_100)

private func active(
  _ brick: BrickName, at checkpoint: Instant? = ours, _ completed: Bool? = true,
  crawl: CrawlState = .history, pending: Int64? = 0
) -> WorkerStatus {
  WorkerStatus(
    brick: brick, state: .active, crawl: crawl, entriesPending: pending, dataPending: pending,
    metadataPending: pending, failures: 0, lastSynced: Instant(epochSeconds: 1_700_000_000),
    checkpointTime: checkpoint, checkpointCompleted: completed)
}

/// A row that says nothing but its state: everything else is `N/A`.
private func bare(_ brick: BrickName, _ state: WorkerState) -> WorkerStatus {
  WorkerStatus(brick: brick, state: state)
}

@Suite("Whether our checkpoint is complete")
struct CheckpointJudgeTests {
  private let judge = CheckpointJudge(subvolumes: [[a0, p0], [a1, p1]], checkpoint: ours)

  private func reason(_ rows: [WorkerStatus]) -> String {
    switch judge.opinion(rows) {
    case .complete: "complete"
    case .pending(let reason): reason
    }
  }

  @Test("is so when the one Active worker of every subvolume says so, in whatever order the rows come")
  func complete() {
    let rows = [active(a0), bare(p0, .passive), bare(a1, .passive), active(p1)]
    #expect(judge.opinion(rows) == .complete)
    #expect(judge.opinion(rows.reversed()) == .complete)
  }

  @Test("is so with a dead replica: its row has vanished or is Faulty, and another is Active")
  func deadReplica() {
    #expect(judge.opinion([active(p0), active(a1), bare(p1, .faulty)]) == .complete)
  }

  @Test("is not so while one subvolume's row is missing, and says which")
  func missingRow() {
    #expect(reason([active(a0)]) == "subvolume 1: no status row")
    #expect(reason([]) == "subvolume 0: no status row")
  }

  @Test("is not so by a Yes that stands for another checkpoint, older or newer")
  func stale() {
    for other in [Instant(epochSeconds: 1_700_000_099), Instant(epochSeconds: 1_700_000_101)] {
      #expect(
        reason([active(a0), active(a1, at: other)]) == "subvolume 1: the checkpoint shown is not ours")
    }
  }

  @Test("is not so by N/A in any field that matters")
  func notAvailable() {
    #expect(
      reason([active(a0), active(a1, at: nil)]) == "subvolume 1: no checkpoint shown yet")
    #expect(reason([active(a0), active(a1, at: ours, nil)]).contains("the checkpoint is not complete"))
    #expect(reason([active(a0), active(a1, at: ours, false)]).contains("the checkpoint is not complete"))
  }

  @Test(
    "is not so without an Active worker",
    arguments: [
      WorkerState.created, .initializing, .passive, .paused, .stopped, .faulty, .unknown("Odd"),
    ])
  func notActive(_ state: WorkerState) {
    let said = WorkerStatus(
      brick: a1, state: state, entriesPending: 0, dataPending: 0, metadataPending: 0, checkpointTime: ours,
      checkpointCompleted: true)
    #expect(reason([active(a0), said, bare(p1, state)]).hasPrefix("subvolume 1: no Active worker"))
  }

  @Test("is not so by nothing pending while everything initializes")
  func zeroWhileInitializing() {
    let rows = [a0, p0, a1, p1].map {
      WorkerStatus(
        brick: $0, state: .initializing, entriesPending: 0, dataPending: 0, metadataPending: 0, failures: 0)
    }
    #expect(reason(rows) == "subvolume 0: no Active worker (initializing, initializing)")
  }

  @Test("is not so with two Active workers of one subvolume: one of them is a ghost")
  func twoActive() {
    #expect(reason([active(a0), active(p0), active(a1)]) == "subvolume 0: 2 Active workers, expected one")
  }

  @Test("is not so by rows of bricks that the volume does not have")
  func foreignRows() {
    let foreign = BrickName(node: "a9", path: "/b1")
    #expect(reason([active(a0), active(foreign)]) == "subvolume 1: no status row")
  }

  @Test("is not so for a volume without bricks")
  func noBricks() {
    let judge = CheckpointJudge(subvolumes: [], checkpoint: ours)
    #expect(judge.opinion([active(a0)]) == .pending("the volume has no bricks"))
  }
}

@Suite("A stalled live crawl")
struct StallWatchTests {
  private let start = Instant(epochSeconds: 1_700_000_000)

  /// Looks every 5 s at what `row` gives; the seconds at which a stall was called.
  private func stalls(for seconds: Int, _ row: (Int) -> WorkerStatus?) -> [Int] {
    var watch = StallWatch(rollover: .seconds(15))
    return stride(from: 0, through: seconds, by: 5).filter { second in
      watch.look(row(second).map { [$0] } ?? [], at: start + .seconds(Int64(second))) != nil
    }
  }

  @Test("is one that is Active, idle and frozen for more than two rollovers with the checkpoint open")
  func stalled() {
    #expect(stalls(for: 40) { _ in active(a0, at: ours, false, crawl: .changelog) } == [35, 40])
    #expect(stalls(for: 40) { _ in active(a0, at: nil, nil, crawl: .changelog, pending: nil) } == [35, 40])
  }

  @Test("is none while LAST_SYNCED moves")
  func moving() {
    let found = stalls(for: 300) { second in
      var row = active(a0, at: ours, false, crawl: .changelog)
      row.lastSynced = start + .seconds(Int64(second / 30))
      return row
    }
    #expect(found.isEmpty)
  }

  @Test("is none in a history or hybrid crawl, with work pending, when complete, or when not Active")
  func others() {
    #expect(stalls(for: 300) { _ in active(a0, at: ours, false, crawl: .history) }.isEmpty)
    #expect(stalls(for: 300) { _ in active(a0, at: ours, false, crawl: .hybrid) }.isEmpty)
    #expect(stalls(for: 300) { _ in active(a0, at: ours, false, crawl: .changelog, pending: 7) }.isEmpty)
    #expect(stalls(for: 300) { _ in active(a0, at: ours, true, crawl: .changelog) }.isEmpty)
    #expect(stalls(for: 300) { _ in bare(a0, .passive) }.isEmpty)
  }

  @Test("starts over when the worker did something in between")
  func interrupted() {
    let found = stalls(for: 60) { second in
      second == 30 ? bare(a0, .faulty) : active(a0, at: ours, false, crawl: .changelog)
    }
    #expect(found.isEmpty)
  }

  @Test("is told by brick, the first in order, and forgotten after a reset")
  func which() {
    var watch = StallWatch(rollover: .seconds(15))
    let rows = [a1, a0].map { active($0, at: ours, false, crawl: .changelog) }
    #expect(watch.look(rows, at: start) == nil)
    #expect(watch.look(rows, at: start + .seconds(32)) == a0)
    watch.reset()
    #expect(watch.look(rows, at: start + .seconds(64)) == nil)
  }
}

@Suite("A quiet session")
struct SessionQuietTests {
  private func complaint(_ rows: [WorkerStatus]) -> String? {
    SessionQuiet.complaint(rows, subvolumes: [[a0, p0], [a1, p1]])
  }

  @Test("shows a row of every subvolume and no worker in any")
  func quiet() {
    #expect(complaint([bare(a0, .stopped), bare(p0, .stopped), bare(a1, .created)]) == nil)
  }

  @Test(
    "shows no worker in whatever state",
    arguments: [WorkerState.active, .passive, .initializing, .faulty, .paused, .unknown("x")])
  func worker(_ state: WorkerState) {
    let rows = [bare(a0, .stopped), bare(p1, state), bare(a1, .stopped)]
    #expect(complaint(rows)?.hasPrefix("a worker of a2:/b1 is") == true)
  }

  @Test("is not shown by rows that are missing")
  func missing() {
    #expect(complaint([]) == "no status row for subvolume 0")
    #expect(complaint([bare(a0, .stopped)]) == "no status row for subvolume 1")
    #expect(SessionQuiet.complaint([], subvolumes: []) == "the volume has no bricks")
  }
}

import Synchronization
import Testing

@testable import DRKit

/// How often a body ran, and what it saw.
final class Tally: Sendable {
  private let state = Mutex<[String]>([])
  var entries: [String] { state.withLock { $0 } }
  var count: Int { entries.count }
  func note(_ entry: String = "") { state.withLock { $0.append(entry) } }
}

@Suite("The durable engine")
struct DurableTests {
  private let clock = FakeClock()
  private let tripwire = Tripwire()
  private let journal: FakeJournal
  private let observer = RecordingObserver()

  init() { journal = FakeJournal(tripwire: tripwire) }

  /// A new incarnation over the same journal.
  private func durable(_ retry: RetryPolicy = RetryPolicy()) -> Durable {
    Durable(run: Sample.run(1), clock: clock, journal: journal, observer: observer, retry: retry)
  }

  private func transient(_ reason: String = "busy") -> DRError { DRError(.transient, "ask", reason: reason) }

  @Test("runs an effect once and gives later incarnations its result")
  func once() async throws {
    for _ in 1...3 {
      let value = try await durable().once("a.step", "x") { () async throws(DRError) -> Int in
        clock.pass(.seconds(1))
        return 42
      }
      #expect(value == 42)
    }
    #expect(clock.uptime == .seconds(1))
    #expect(journal.steps == ["a.step x"])
  }

  @Test("tells items, steps and runs apart")
  func keys() async throws {
    let tally = Tally()
    let other = Durable(run: Sample.run(2), clock: clock, journal: journal)
    for engine in [durable(), other] {
      for (step, item) in [("a", ""), ("a", "1"), ("b", "1")] {
        try await engine.once(step, item) { () async throws(DRError) in tally.note() }
        try await engine.once(step, item) { () async throws(DRError) in tally.note() }
      }
    }
    #expect(tally.count == 6)
  }

  @Test("tries a transient error again, and says so")
  func retries() async throws {
    let tally = Tally()
    try await durable().once("s") { () async throws(DRError) in
      tally.note()
      if tally.count < 4 { throw transient() }
    }
    #expect(tally.count == 4)
    #expect(clock.slept == [.seconds(1), .seconds(2), .seconds(4)])
    #expect(
      observer.events
        == [1, 2, 3].map { .retrying(transient(), attempt: $0, after: .seconds([1, 2, 4][$0 - 1])) })
  }

  @Test("gives a transient error up when its tries are spent, and records nothing")
  func spent() async {
    let tally = Tally()
    await #expect(throws: transient()) {
      try await durable(RetryPolicy(attempts: 3)).once("s") { () async throws(DRError) in
        tally.note()
        throw transient()
      }
    }
    #expect(tally.count == 3)
    #expect(journal.steps.isEmpty)
  }

  @Test("passes every other error on at once", arguments: DRError.Kind.allCases.filter { $0 != .transient })
  func passesOn(_ kind: DRError.Kind) async {
    let error = DRError(kind, "ask", reason: "no")
    let tally = Tally()
    await #expect(throws: error) {
      try await durable().once("s") { () async throws(DRError) in
        tally.note()
        throw error
      }
    }
    #expect(tally.count == 1)
    #expect(clock.slept.isEmpty)
    #expect(journal.steps.isEmpty)
  }

  @Test("tries the journal again, too")
  func journalRetried() async throws {
    tripwire.script("journal.record s", [transient(), transient()])
    tripwire.script("journal.value", [transient()])
    let tally = Tally()
    try await durable().once("s") { () async throws(DRError) in tally.note() }
    #expect(tally.count == 1)
    #expect(journal.steps == ["s "])
  }

  @Test("does not guess what a record of another shape meant")
  func unreadable() async {
    journal.plant("{\"other\":1}", for: StepKey(run: Sample.run(1), step: "s"))
    let tally = Tally()
    await #expect { try await durable().once("s") { () async throws(DRError) -> Int in 1 } } throws: {
      error in
      (error as? DRError)?.kind == .unreadable
    }
    #expect(tally.count == 0)
  }

  @Suite("Polling")
  struct Polling {
    private let clock = FakeClock()
    private let journal = FakeJournal()
    private let observer = RecordingObserver()
    private var durable: Durable {
      Durable(run: Sample.run(1), clock: clock, journal: journal, observer: observer)
    }
    private let waiting = Waiting(.merge, "vm1's live merge")

    private func poll(
      _ durable: Durable, _ probe: () async throws(DRError) -> Int?
    ) async throws(DRError) -> Int {
      try await durable.poll("p", "x", waiting, within: .seconds(10), every: .seconds(4), probe)
    }

    @Test("asks until there is a value, tells why it waits, and records it")
    func asks() async throws {
      let start = clock.now
      let value = try await poll(durable) { () async throws(DRError) in
        clock.now - start >= .seconds(8) ? 7 : nil
      }
      #expect(value == 7)
      #expect(clock.slept == [.seconds(4), .seconds(4)])
      let told = RunEvent.deadline(StepKey(run: durable.run, step: "p", item: "x"), start + .seconds(10))
      let event = RunEvent.waiting(.merge, reason: "vm1's live merge", deadline: start + .seconds(10))
      #expect(observer.events == [told, event, event])
      #expect(try await poll(durable) { () async throws(DRError) in nil } == 7)
    }

    @Test("looks a last time at the deadline, then gives the reason")
    func deadline() async throws {
      let tally = Tally()
      await #expect {
        try await poll(durable) { () async throws(DRError) in
          tally.note("\((clock.uptime).wholeSeconds)")
          return nil
        }
      } throws: { error in
        guard let error = error as? DRError else { return false }
        return error.kind == .timedOut && error.subject == "vm1's live merge"
          && error.reason == "not so within 10 s"
      }
      #expect(tally.entries == ["0", "4", "8", "10"])
    }

    @Test("does not start its time over in another incarnation")
    func resumed() async throws {
      let stopped = await #expect(throws: DRError.self) {
        try await poll(durable) { () async throws(DRError) in throw .stopped }
      }
      #expect(stopped == .stopped)
      clock.pass(.seconds(11))
      let tally = Tally()
      let late = await #expect(throws: DRError.self) {
        try await poll(durable) { () async throws(DRError) in
          tally.note()
          return nil
        }
      }
      #expect(late?.kind == .timedOut)
      #expect(tally.count == 1, "one look, in case it came while nobody was there")
      #expect(clock.slept.isEmpty)
    }

    @Test("takes what came while nobody was there, although the time is over")
    func resumedLate() async throws {
      _ = try? await poll(durable) { () async throws(DRError) in throw .stopped }
      clock.pass(.hours(3))
      #expect(try await poll(durable) { () async throws(DRError) in 5 } == 5)
    }

    @Test("waits transient errors out and names the last one when the time is over")
    func transient() async throws {
      let error = await #expect(throws: DRError.self) {
        try await poll(durable) { () async throws(DRError) in throw DRError(.transient, "ask", reason: "503")
        }
      }
      #expect(error?.kind == .timedOut)
      #expect(error?.reason == "not so within 10 s; the last look failed: 503")
    }

    @Test("passes any other error on at once, and records nothing but its deadline")
    func passesOn() async throws {
      let error = await #expect(throws: DRError.self) {
        try await poll(durable) { () async throws(DRError) in throw DRError(.missing, "ask", reason: "404") }
      }
      #expect(error?.kind == .missing)
      #expect(journal.steps == ["p.deadline x"])
    }

    @Test("sleeps until an instant, and not at all when that is past")
    func sleepUntil() async throws {
      try await durable.sleep(until: clock.now + .seconds(3))
      try await durable.sleep(until: clock.now - .seconds(3))
      #expect(clock.uptime == .seconds(3))
    }
  }

  @Suite("Each of many")
  struct Each {
    private let durable = Durable(run: Sample.run(1), clock: FakeClock(), journal: FakeJournal())

    @Test(
      "runs no more at once than allowed and gives the results in the items' order",
      arguments: [-1, 1, 3, 99])
    func bounded(_ limit: Int) async throws {
      let running = Mutex((now: 0, most: 0))
      let results = try await durable.each(Array(0..<20), limit: limit) {
        (item) async throws(DRError) -> Int in
        running.withLock {
          $0.now += 1
          $0.most = max($0.most, $0.now)
        }
        for _ in 0..<(20 - item) { await Task.yield() }
        running.withLock { $0.now -= 1 }
        return item * item
      }
      #expect(try results.map { try $0.get() } == (0..<20).map { $0 * $0 })
      #expect(running.withLock { $0.most } <= max(1, limit))
    }

    @Test("runs the rest although some fail, and gives each failure in its place")
    func failures() async throws {
      let results = try await durable.each([1, 2, 3, 4], limit: 2) { (item) async throws(DRError) -> Int in
        if item % 2 == 0 { throw DRError(.refused, "do", "\(item)", reason: "even") }
        return item
      }
      let words = results.map { result in
        switch result {
        case .success(let value): "\(value)"
        case .failure(let error): "no \(error.subject)"
        }
      }
      #expect(words == ["1", "no 2", "3", "no 4"])
    }

    @Test("throws when any was stopped: no result of such a round counts")
    func stopped() async {
      await #expect(throws: DRError.stopped) {
        try await durable.each([1, 2, 3], limit: 3) { (item) async throws(DRError) -> Int in
          if item == 2 { throw .stopped }
          throw DRError(.refused, "do", reason: "no")
        }
      }
    }

    @Test("of none is none")
    func empty() async throws {
      let results = try await durable.each([Int](), limit: 3) { (item) async throws(DRError) in item }
      #expect(results.isEmpty)
    }
  }
}

import DRKit
import Simulator
import Testing

/// A bit of everything, drawn from a seed: sleeps, actors, timeouts, cancellations, streams, calls, world
/// events.
struct Muddle: Sendable {
  var seed: Seed
  var order: RunOrder
  var tasks = 20
  var steps = 8

  func run() throws -> UInt64 {
    let loop = SimulationLoop(start: .dawn, order: order)
    let world = Ticker(seed: seed)
    let life = loop.startIncarnation()
    for index in 0..<10 { loop.schedule(after: .microseconds(Int64(index)), kind: 7, a: UInt32(index)) }
    try loop.run(in: world, budget: SimulationBudget(steps: 10_000_000)) {
      let shared = Counter()
      await withTaskGroup(of: Void.self) { group in
        for index in 0..<tasks {
          group.addTask { await worker(index, loop, life, world, shared) }
        }
      }
    }
    loop.shutdown()
    return loop.trace.value
  }

  private func worker(
    _ index: Int, _ loop: SimulationLoop, _ life: Incarnation, _ world: Ticker, _ shared: Counter
  ) async {
    var random = Randomness(seed.child("worker", index))
    let clock = SimClock(loop, life)
    for step in 0..<steps {
      let pause = TimeSpan.microseconds(Int64(random.below(50)))
      switch random.below(7) {
      case 0: try? await clock.sleep(for: pause)
      case 1: loop.note(1, UInt32(index), Int64(await shared.add(step)))
      case 2:
        let late = Task { try? await clock.sleep(for: .seconds(1)) }
        try? await clock.sleep(for: pause)
        late.cancel()
        _ = await late.value
      case 3:
        let (stream, source) = AsyncStream<Int>.makeStream()
        async let sum = stream.reduce(0, +)
        for value in 0..<3 {
          try? await clock.sleep(for: pause)
          source.yield(value)
        }
        source.finish()
        loop.note(3, UInt32(index), Int64(await sum))
      case 4:
        let value = try? await loop.call(life, request: pause, reply: pause) { world.draw() }
        loop.note(4, UInt32(index), Int64(value ?? 0))
      case 5:
        await withTaskGroup(of: Void.self) { group in
          for child in 0..<3 {
            group.addTask {
              try? await clock.sleep(for: pause + .microseconds(Int64(child)))
              loop.note(5, UInt32(index), Int64(child))
            }
          }
          await group.next()
          group.cancelAll()
        }
      default:
        try? await loop.giveWay(life)
        await Task.detached { loop.note(6, UInt32(index), Int64(step)) }.value
      }
      loop.note(100, UInt32(index), Int64(step))
    }
  }

  private actor Counter {
    private var sum = 0
    func add(_ value: Int) -> Int {
      sum += value
      return sum
    }
  }

  final class Ticker: WorldHandler, @unchecked Sendable {
    private var random: Randomness
    init(seed: Seed) { random = Randomness(seed.child("world")) }
    func draw() -> UInt64 { random.below(1_000) }
    func handle(_ event: WorldEvent, in loop: SimulationLoop) {
      guard event.b < 40 else { return }
      loop.schedule(after: .nanoseconds(Int64(random.below(20_000))), kind: 7, a: event.a, b: event.b + 1)
    }
  }
}

@Suite("Determinism")
struct CoreDeterminismTests {
  @Test("The same seed gives the same trace, first come first served and in random order", arguments: 0..<200)
  func repeats(seed: Int) throws {
    let seed = Seed(UInt64(seed))
    let fifo = Muddle(seed: seed, order: .fifo)
    let random = Muddle(seed: seed, order: .random(seed.child("scheduler")))
    let (first, second) = (try fifo.run(), try fifo.run())
    #expect(first == second)
    let (third, fourth) = (try random.run(), try random.run())
    #expect(third == fourth)
    #expect(first != third)
  }

  @Test("Different seeds give different traces")
  func distinct() throws {
    let hashes = try (0..<50).map { try Muddle(seed: Seed(UInt64($0)), order: .fifo).run() }
    #expect(Set(hashes).count == hashes.count)
  }

  @Test("The trace is the same in every process, build and machine: it is this one")
  func golden() throws {
    var sum = TraceHash()
    for seed in UInt64(0)..<10 {
      sum.add(try Muddle(seed: Seed(seed), order: .fifo).run())
      sum.add(try Muddle(seed: Seed(seed), order: .random(Seed(seed).child("scheduler"))).run())
    }
    #expect(sum.description == "715b13ddcb8e9953")
  }

  @Test("Loops on several threads at once do what each does alone")
  func threads() async throws {
    let alone = try (0..<8).map { try Muddle(seed: Seed($0), order: .fifo).run() }
    let together = try await withThrowingTaskGroup(of: (Int, UInt64).self) { group in
      for index in 0..<8 {
        group.addTask { (index, try Muddle(seed: Seed(UInt64(index)), order: .fifo).run()) }
      }
      var hashes = [UInt64](repeating: 0, count: 8)
      for try await (index, hash) in group { hashes[index] = hash }
      return hashes
    }
    #expect(alone == together)
  }

  @Test("A loop run within another's event and call leaves the outer one as it was")
  func nesting() throws {
    func outer(_ inner: @escaping @Sendable () -> UInt64) throws -> (UInt64, [UInt64]) {
      let loop = SimulationLoop(start: .dawn)
      let life = loop.startIncarnation()
      let clock = SimClock(loop, life)
      let world = RecordingWorld()
      var found: [UInt64] = []
      world.onEvent = { _, _ in found.append(inner()) }
      loop.schedule(after: .seconds(2), kind: 1)
      let ends = try loop.run(in: world) {
        async let other: Void? = try? clock.sleep(for: .seconds(3))
        let value = try? await loop.call(life, request: .seconds(1), reply: .seconds(4)) { inner() }
        _ = await other
        await Task { loop.note(1) }.value
        return value ?? 0
      }
      return (loop.trace.value, found + [ends])
    }
    let alone = try Muddle(seed: Seed(1), order: .fifo).run()
    let plain = try outer { 0 }
    let nested = try outer { (try? Muddle(seed: Seed(1), order: .fifo).run()) ?? 0 }
    #expect(plain.0 == nested.0)
    #expect(nested.1 == [alone, alone])
  }
}

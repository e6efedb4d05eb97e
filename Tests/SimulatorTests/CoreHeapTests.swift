import DRKit
import Simulator
import Testing

/// Takes down what the loop delivers; may schedule more while it does.
final class RecordingWorld: WorldHandler, @unchecked Sendable {
  private(set) var events: [WorldEvent] = []
  var onEvent: ((WorldEvent, SimulationLoop) -> Void)?

  func handle(_ event: WorldEvent, in loop: SimulationLoop) {
    events.append(event)
    onEvent?(event, loop)
  }
}

@Suite("Order of events")
struct CoreHeapTests {
  @Test("The heap gives its elements in order, whatever the order of inserts and takes", arguments: 0..<20)
  func heapOrder(seed: Int) {
    var random = Randomness(Seed(UInt64(seed)))
    var heap = Heap4<UInt64>(capacity: 4)
    var reference: [UInt64] = []
    for step in 0..<3_000 {
      let growing = random.below(100) < (step < 2_000 ? 65 : 30)
      if growing {
        let value = random.below(500) << 32 | UInt64(step)
        heap.insert(value)
        reference.append(value)
        reference.sort(by: >)
      } else {
        let (seen, taken) = (heap.first, heap.takeFirst())
        #expect(seen == reference.last)
        #expect(taken == reference.popLast())
      }
      let count = heap.count
      #expect(count == reference.count)
    }
    heap.retain { $0 % 3 != 0 }
    reference.removeAll { $0 % 3 == 0 }
    while let next = heap.takeFirst() { #expect(next == reference.popLast()) }
    #expect(reference.isEmpty)
    let isEmpty = heap.isEmpty
    #expect(isEmpty)
  }

  @Test(
    "Events come by time, then in the order they were scheduled, over every range of gaps",
    arguments: [Int64(1), 7, 100, 5_000, 1_000_000, 3_000_000_000, 1 << 50], [1, 30, 600, 4_000])
  func loopOrder(gap: Int64, width: Int) throws {
    let loop = SimulationLoop(start: Instant(nanoseconds: -5))
    let world = RecordingWorld()
    var random = Randomness(Seed(UInt64(gap)).child("order", width))
    var reference: [(at: Int64, sequence: UInt32)] = []
    var handles: [EventHandle] = []
    var gone: Set<UInt32> = []
    func schedule(_ loop: SimulationLoop) {
      // A mixture: most gaps are of one size, some much shorter, none, or much longer.
      let scale: Int64
      switch random.below(10) {
      case 0: scale = 1
      case 1: scale = max(gap / 1_000, 1)
      case 2: scale = gap * 64
      default: scale = gap
      }
      let at = loop.now.nanoseconds + random.integer(in: 0...scale)
      let sequence = UInt32(reference.count)
      handles.append(loop.schedule(at: Instant(nanoseconds: at), kind: 9, a: sequence, b: at))
      reference.append((at, sequence))
    }
    for _ in 0..<width { schedule(loop) }
    var happened: Set<UInt32> = []
    world.onEvent = { event, loop in
      #expect(loop.now == event.at)
      happened.insert(event.a)
      guard reference.count < width + 3_000 else { return }
      schedule(loop)
      if random.below(4) == 0 {
        let victim = random.index(handles.count)
        let isPending = !happened.contains(UInt32(victim)) && !gone.contains(UInt32(victim))
        #expect(loop.cancel(handles[victim]) == isPending)
        if isPending { gone.insert(UInt32(victim)) }
        schedule(loop)
      }
      // A burst below the horizon now and then.
      if random.below(500) == 0 { for _ in 0..<min(width * 3, 2_000) { schedule(loop) } }
    }
    try loop.advance(in: world, to: Instant(nanoseconds: .max))
    let expected = reference.filter { !gone.contains($0.sequence) }
      .sorted { ($0.at, $0.sequence) < ($1.at, $1.sequence) }
    #expect(world.events.map(\.a) == expected.map(\.sequence))
    #expect(world.events.map(\.at.nanoseconds) == expected.map(\.at))
    #expect(loop.statistics.pending == 0)
  }

  @Test("Advancing delivers what is due at the end itself, and nothing later")
  func advancing() throws {
    let loop = SimulationLoop(start: Instant(epochSeconds: 100))
    let world = RecordingWorld()
    for second in [Int64(102), 101, 103, 102] { loop.schedule(at: Instant(epochSeconds: second), kind: 1) }
    try loop.advance(in: world, to: Instant(epochSeconds: 102))
    #expect(world.events.map(\.at.epochSeconds) == [101, 102, 102])
    #expect(loop.now == Instant(epochSeconds: 102))
    loop.schedule(at: Instant(epochSeconds: 50), kind: 2)
    try loop.advance(in: world, to: Instant(epochSeconds: 110))
    #expect(world.events.map(\.kind) == [1, 1, 1, 2, 1])
    #expect(loop.now == Instant(epochSeconds: 110))
  }

  @Test("Mass cancellation keeps the rest in order and gives the room back")
  func massCancellation() throws {
    let loop = SimulationLoop(start: Instant(nanoseconds: 0))
    let world = RecordingWorld()
    var handles: [EventHandle] = []
    for index in 0..<20_000 {
      handles.append(
        loop.schedule(after: .nanoseconds(Int64(index * 7_919 % 20_011) * 1_000), kind: 1, a: UInt32(index)))
    }
    for (index, handle) in handles.enumerated() where index % 10 != 0 { #expect(loop.cancel(handle)) }
    #expect(loop.statistics.pending == 2_000)
    try loop.advance(in: world, to: Instant(epochSeconds: 10))
    #expect(world.events.count == 2_000)
    #expect(world.events.map(\.at) == world.events.map(\.at).sorted())
    #expect(handles.allSatisfy { !loop.cancel($0) })
  }
}

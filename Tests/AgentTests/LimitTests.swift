import Testing

@testable import Agent

@Suite("Limits, told what time it is")
struct LimitTests {
  @Test("a rate lets no second carry more, however many ask", arguments: [1 << 16, 1_000_000, 3 << 30])
  func rate(_ rate: Int64) {
    var plan = RatePlan(rate: rate)
    var begun: [(at: Int64, bytes: Int64)] = []
    // Four threads, each of which asks again as soon as it may.
    var clocks: [Int64] = [0, 0, 0, 0]
    for turn in 0..<4_000 {
      let thread = turn % 4
      let count = 1 << 20 - turn % 3
      let now = clocks[thread]
      let wait = plan.take(count, now: now)
      #expect(wait >= 0)
      clocks[thread] = now + wait
      begun.append((now + wait, Int64(count)))
    }
    let bytes = begun.dropLast().reduce(0) { $0 + $1.bytes }
    let seconds = Double((begun.map(\.at).max() ?? 0) - 0) / 1e9
    #expect(abs(Double(bytes) / seconds / Double(rate) - 1) < 0.01)
  }

  @Test("time that went by unused is not made up for in a burst")
  func burst() {
    var plan = RatePlan(rate: 1_000_000)
    #expect(plan.take(1_000_000, now: 0) == 0)
    #expect(plan.take(1_000_000, now: 0) == 1_000_000_000)
    #expect(plan.take(1_000_000, now: 60_000_000_000) == 0)
    #expect(plan.take(1, now: 60_000_000_000) == 1_000_000_000)
  }

  @Test("a volume that moves is fine however slow; one that does not is given up")
  func stall() {
    var watch = StallWatch(now: 0)
    let second: Int64 = 1_000_000_000
    #expect(watch.look(0, now: second) == .fine)
    #expect(watch.look(0, now: 15 * second) == .alive)
    #expect(watch.look(0, now: 16 * second) == .fine)
    #expect(watch.look(0, now: 119 * second) == .alive)
    #expect(watch.look(1, now: 119 * second) == .fine)
    #expect(watch.look(1, now: 200 * second) == .alive)
    #expect(watch.look(1, now: 238 * second) == .alive)
    #expect(watch.look(1, now: 239 * second) == .stalled)
  }
}

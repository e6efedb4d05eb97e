import DRKit
import Testing

@Suite("Time in whole nanoseconds")
struct TimeTests {
  @Test("is built and taken apart by units")
  func units() {
    #expect(TimeSpan.hours(1) == .minutes(60))
    #expect(TimeSpan.minutes(1) == .seconds(60))
    #expect(TimeSpan.seconds(1) == .milliseconds(1_000))
    #expect(TimeSpan.milliseconds(1) == .microseconds(1_000))
    #expect(TimeSpan.microseconds(1) == .nanoseconds(1_000))
    #expect(TimeSpan.milliseconds(1_999).wholeSeconds == 1)
    #expect(TimeSpan.milliseconds(-1_999).wholeSeconds == -1)
    #expect(TimeSpan.milliseconds(1_500).seconds == 1.5)
  }

  @Test("adds, subtracts, multiplies and compares")
  func arithmetic() {
    let start = Instant(epochSeconds: 1_700_000_000)
    #expect(start + .seconds(5) - start == .seconds(5))
    #expect(start - .seconds(5) < start)
    #expect(TimeSpan.seconds(15) * 2 + .seconds(1) == .seconds(31))
    #expect(TimeSpan.seconds(1) - .seconds(3) < .zero)
  }

  @Test(
    "rounds an instant down to its second, before the epoch too",
    arguments: [
      (Int64(0), Int64(0)), (1, 0), (999_999_999, 0), (1_000_000_000, 1), (-1, -1), (-1_000_000_000, -1),
      (-1_000_000_001, -2), (.max, 9_223_372_036), (.min, -9_223_372_037),
    ])
  func epochSeconds(_ nanoseconds: Int64, _ seconds: Int64) {
    #expect(Instant(nanoseconds: nanoseconds).epochSeconds == seconds)
  }
}

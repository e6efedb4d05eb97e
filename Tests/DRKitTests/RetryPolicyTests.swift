import Testing

@testable import DRKit

@Suite("The patience with transient errors")
struct RetryPolicyTests {
  @Test("doubles from the first delay to the longest")
  func delays() {
    let policy = RetryPolicy(attempts: 8, firstDelay: .seconds(1), longestDelay: .seconds(30))
    #expect((1...8).map { policy.delay(after: $0).wholeSeconds } == [1, 2, 4, 8, 16, 30, 30, 30])
    #expect(policy.delay(after: 0) == .seconds(1))
    #expect(policy.delay(after: .max) == .seconds(30))
    #expect(RetryPolicy(firstDelay: .seconds(9), longestDelay: .seconds(3)).delay(after: 1) == .seconds(3))
    #expect(RetryPolicy(firstDelay: .zero).delay(after: 1_000) == .zero)
  }

  @Test("tries at least once", arguments: [-3, 0, 1])
  func once(_ attempts: Int) async {
    let clock = FakeClock()
    var tries = 0
    await #expect(throws: DRError.self) {
      try await RetryPolicy(attempts: attempts).retrying(clock, SilentObserver()) {
        () async throws(DRError) in
        tries += 1
        throw DRError(.transient, "try", reason: "no")
      }
    }
    #expect(tries == 1)
    #expect(clock.slept.isEmpty)
  }
}

/// Which of the jobs that are ready runs next. The answer is part of the seed: both orders are legal
/// schedules, and random ones find more.
public enum RunOrder: Hashable, Sendable {
  /// First come, first served.
  case fifo
  /// Any of them, drawn from this seed.
  case random(Seed)
}

/// Through which executor a job came in, and so how it has to be run.
enum JobFront: UInt8 {
  /// The global executor, caught by the hook.
  case global
  /// A task executor preference.
  case task
  /// An actor whose executor is the simulation's.
  case serial
}

struct ReadyJob {
  var job: UnownedJob
  var front: JobFront
}

/// Jobs that are ready to run: a ring.
struct RunQueue: ~Copyable {
  private var ring: UnsafeMutablePointer<ReadyJob>
  private var mask: Int
  private var head = 0
  private(set) var count = 0
  private var picks: Randomness
  private let isRandom: Bool

  init(order: RunOrder) {
    ring = .allocate(capacity: 64)
    mask = 63
    switch order {
    case .fifo:
      picks = Randomness(Seed(0))
      isRandom = false
    case .random(let seed):
      picks = Randomness(seed)
      isRandom = true
    }
  }

  deinit { ring.deallocate() }

  @inline(__always)
  mutating func append(_ job: UnownedJob, _ front: JobFront) {
    if count > mask { grow() }
    (ring + (head &+ count) & mask).initialize(to: ReadyJob(job: job, front: front))
    count &+= 1
  }

  @inline(__always)
  mutating func take() -> ReadyJob? {
    guard count > 0 else { return nil }
    if isRandom, count > 1 {
      let pick = (head &+ picks.index(count)) & mask
      let chosen = ring[pick]
      ring[pick] = ring[head]
      ring[head] = chosen
    }
    let job = ring[head]
    head = (head &+ 1) & mask
    count &-= 1
    return job
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<ReadyJob>.allocate(capacity: (mask + 1) * 2)
    for offset in 0..<count { (larger + offset).initialize(to: ring[(head + offset) & mask]) }
    ring.deallocate()
    ring = larger
    head = 0
    mask = mask * 2 + 1
  }
}

import DRKit
import Glibc

/// Runs workers, one process for a parser, and says what became of them: traps, hangs, memory that grows, answers that no
/// human should be given.
public struct FuzzDriver: Sendable {
  public struct Finding: Hashable, Sendable, Codable {
    public var parser: String
    public var input: Int
    /// `trap`, `hang`, `growth` or `answer`.
    public var kind: String
    public var text: String
  }

  public struct Result: Hashable, Sendable, Codable {
    public var parser: String
    public var inputs = 0
    public var accepted = 0
    public var refused = 0
    public var seconds = 0.0
    /// Resident bytes by which the worker grew after its warm-up; the greatest of its chunks counts.
    public var growth = 0
    public var findings: [Finding] = []
  }

  /// More findings of one parser say nothing new.
  static let findingLimit = 10
  /// Bytes that a worker may grow by after its warm-up. Without a leak 16 MiB were seen, in steps and not for every seed; a leak of
  /// 1.2 KB an input gave 38 MiB in the 33,000 inputs that a parser has of a million.
  static let growthLimit = 24 << 20

  let executable: String
  let seed: UInt64
  /// Seconds that one input may take.
  let inputLimit: Int
  private let names: [(name: String, share: Int)]

  /// - Parameters:
  ///   - executable: a program that, told `bench fuzz-worker …`, runs a `FuzzWorker`.
  ///   - inputLimit: seconds.
  package init(_ parsers: [FuzzedParser], executable: String, seed: UInt64, inputLimit: Int) {
    names = parsers.map { ($0.name, $0.share) }
    self.executable = executable
    self.seed = seed
    self.inputLimit = inputLimit
  }

  /// So many inputs in all, parted by the parsers' shares; the sum is exact.
  static func parted(_ inputs: Int, _ shares: [Int]) -> [Int] {
    let whole = max(1, shares.reduce(0, +))
    var (given, taken) = (0, 0)
    return shares.map { share in
      taken += share
      let upTo = inputs * taken / whole
      defer { given = upTo }
      return upTo - given
    }
  }

  /// Works the parsers off, `jobs` at a time, the most inputs first.
  /// - Parameter heard: called with each result as it comes.
  public func run(inputs: Int, jobs: Int, heard: (Result) -> Void) throws(DRError) -> [Result] {
    let counts = Self.parted(inputs, names.map(\.share))
    var waiting = zip(names, counts).map { (name: $0.0.name, inputs: $0.1) }.filter { $0.inputs > 0 }
    waiting.sort { $0.inputs > $1.inputs }
    var running: [FuzzChild] = []
    var results: [Result] = []
    defer { for child in running { child.kill() } }
    while !waiting.isEmpty || !running.isEmpty {
      while running.count < max(1, jobs), !waiting.isEmpty {
        let next = waiting.removeFirst()
        running.append(try FuzzChild(self, parser: next.name, inputs: next.inputs))
      }
      for child in running {
        guard let result = try child.look() else { continue }
        running.removeAll { $0 === child }
        results.append(result)
        heard(result)
      }
      usleep(20_000)
    }
    return results
  }
}

import DRKit
import Glibc
import GlusterFiles

/// The agent's hashing beside `openssl dgst -sha256`, on the same file in the same run.
///
/// Rates are bytes per second of *processor time*, reading included, so what neighbours take of the machine does not count.
/// Both read from the page cache: the file is read once before each.
public struct DigestBenchmark: Sendable {
  public struct Result: Hashable, Sendable, Codable {
    public var bytes: Int64
    /// Bytes a second of one core, the best of the rounds.
    public var agentPerCore: Double
    public var opensslPerCore: Double
    /// Bytes a second by the clock on the wall, with one thread a core.
    public var agentAllCores: Double
    public var threads: Int
    public var rounds: Int
    /// `agentPerCore / opensslPerCore`.
    public var ratio: Double
  }

  /// What the ratio is to reach in a release build.
  public static let bar = 0.8
  private static let patience: Int64 = 3_600

  private let path: VolumePath
  private let handle: DirectoryHandle
  private let absolutePath: String
  private let block: Int64

  /// - Parameters:
  ///   - path: a file of 16 MiB or more; smaller ones measure the start of a process.
  ///   - block: bytes of a block.
  /// - Throws: `.unfit` for a file that can't be measured.
  public init(_ path: String, block: Int64 = 64 << 20) throws(DRError) {
    guard let resolved = realpath(path, nil) else {
      throw DRError(.unfit, "measure digests", path, reason: String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    absolutePath = String(cString: resolved)
    let parts = absolutePath.split(separator: "/").map(String.init)
    handle = try DirectoryHandle(path: "/" + parts.dropLast().joined(separator: "/"))
    self.path = try VolumePath(parts.last ?? "")
    self.block = block
  }

  /// - Parameter rounds: at least 1.
  public func run(rounds: Int = 3) throws(DRError) -> Result {
    var (agent, openssl, all) = (0.0, 0.0, 0.0)
    var bytes: Int64 = 0
    let cores = WorkerThreads.cores
    for _ in 0..<max(1, rounds) {
      let warm = try time { () throws(DRError) in try digest(threads: cores) }
      bytes = warm.digests.size
      guard bytes >= 16 << 20 else {
        throw DRError(
          .unfit, "measure digests", absolutePath, reason: "\(bytes) bytes are too few",
          remedy: "take a file of 16 MiB or more, better 1 GiB")
      }
      let wall = try time { () throws(DRError) in try digest(threads: cores) }
      all = max(all, Double(bytes) / wall.seconds)
      agent = max(agent, Double(bytes) / (try ownSeconds()))
      openssl = max(openssl, Double(bytes) / (try opensslSeconds()))
    }
    return Result(
      bytes: bytes, agentPerCore: agent, opensslPerCore: openssl, agentAllCores: all, threads: cores,
      rounds: max(1, rounds), ratio: agent / openssl)
  }

  private func time(
    _ body: () throws(DRError) -> BlockDigests
  ) throws(DRError) -> (digests: BlockDigests, seconds: Double) {
    let began = MonotonicClock.nanoseconds
    let digests = try body()
    return (digests, Double(max(1, MonotonicClock.nanoseconds - began)) / 1e9)
  }

  private func digest(threads: Int) throws(DRError) -> BlockDigests {
    let job = DigestJob(path, in: handle, DigestPlan(block: block), threads: threads, keepsCache: true)
    guard let digests = try job.run(.none) else {
      throw DRError(.missing, "measure digests", absolutePath, reason: "the file is gone")
    }
    return digests
  }

  /// Processor time of this process over a digest with one thread, that of starting it included.
  private func ownSeconds() throws(DRError) -> Double {
    let before = MonotonicClock.processNanoseconds
    _ = try digest(threads: 1)
    return Double(max(1, MonotonicClock.processNanoseconds - before)) / 1e9
  }

  private func opensslSeconds() throws(DRError) -> Double {
    let result = try ChildProcess.run(
      "openssl", ["dgst", "-sha256", absolutePath], seconds: Self.patience)
    guard result.exitCode == 0 else {
      throw DRError(.transient, "measure digests", "openssl dgst", reason: result.output)
    }
    return Double(max(1, result.processorNanoseconds)) / 1e9
  }
}

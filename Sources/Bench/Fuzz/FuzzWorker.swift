import DRKit
import Glibc
import Simulator

/// Feeds one parser in this process: a trap ends it, and the driver, another process, sees that.
public struct FuzzWorker: Sendable {
  /// Why a worker ended before its time, as its exit code.
  package static let complained: Int32 = 3
  /// Memory is looked at so many times.
  static let chunks = 20
  /// Address space that a worker may use: an input that wants more is a finding.
  private static let spaceLimit: rlim_t = 12 << 30

  let parser: FuzzedParser
  let seed: UInt64

  package init(_ parser: FuzzedParser, seed: UInt64) {
    self.parser = parser
    self.seed = seed
  }

  /// The input of that number: the same in every process.
  package static func input(_ number: Int, of parser: FuzzedParser, seed: UInt64, corpus: [[UInt8]])
    -> [UInt8]
  {
    let own = Seed(seed).child(site: Seed.site(named: parser.name), number)
    var mutator = Mutator(own, corpus: corpus)
    return mutator.input()
  }

  /// What is wrong with the parser's answer; nil if nothing is.
  package static func complaint(_ parser: FuzzedParser, _ input: [UInt8]) async -> (
    complaint: String?, refused: Bool
  ) {
    do {
      try await parser.read(input)
      return (nil, false)
    } catch {
      return (FuzzedParser.complaint(about: error), true)
    }
  }

  /// - Returns: a complaint, about the input that the logbook names; nil if all went well.
  package func run(_ inputs: Range<Int>, logbookPath: String) async throws -> String? {
    let logbook = try FuzzLogbook(path: logbookPath)
    var limit = rlimit(rlim_cur: Self.spaceLimit, rlim_max: Self.spaceLimit)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    // A core of every trap would fill the disk.
    limit = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    let corpus = try await parser.corpus()
    let chunk = max(1, inputs.count / Self.chunks)
    var (accepted, refused, largest) = (Int64(0), Int64(0), Int64(0))
    for number in inputs {
      logbook.write(.input, Int64(number))
      let input = Self.input(number, of: parser, seed: seed, corpus: corpus)
      let (complaint, isRefused) = await Self.complaint(parser, input)
      if isRefused { refused += 1 } else { accepted += 1 }
      let done = number - inputs.lowerBound + 1
      if done % chunk == 0 || complaint != nil || number == inputs.upperBound - 1 {
        logbook.write(.accepted, accepted)
        logbook.write(.refused, refused)
        logbook.write(.done, Int64(done))
        Self.trim()
        // A quarter is the warm-up: caches of the libraries fill, the allocator finds its size.
        if done / chunk == Self.chunks / 4 { logbook.write(.settled, Self.residentBytes()) }
        if done / chunk > Self.chunks / 4 {
          largest = max(largest, Self.residentBytes())
          logbook.write(.largest, largest)
        }
      }
      if let complaint { return complaint }
    }
    return nil
  }

  /// Gives freed memory back, so that what is resident is what is used. Looked up: Swift's Glibc module leaves `<malloc.h>`
  /// out.
  private static func trim() {
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  /// Of this process.
  static func residentBytes() -> Int64 {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return 0 }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = Glibc.read(file, &buffer, buffer.count)
    let words = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: " ")
    return (words.count > 1 ? Int64(words[1]) ?? 0 : 0) * Int64(sysconf(Int32(_SC_PAGESIZE)))
  }
}

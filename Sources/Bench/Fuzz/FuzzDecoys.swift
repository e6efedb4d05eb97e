import DRKit
import Glibc
import Synchronization

/// Parsers that are wrong on purpose, one for each kind of finding: a fuzzer that finds nothing must be one that could have.
package enum FuzzDecoys {
  package static let all = [trap, hang, growth, answer]

  private static let corpus = ["a: 1\nb: [2, 3]\n"]

  private static func isChosen(_ bytes: [UInt8]) -> Bool {
    bytes.reduce(7) { ($0 &* 31 &+ Int($1)) % 1_009 } == 0
  }

  static let trap = FuzzedParser("decoy-trap", corpus) { bytes in
    if isChosen(bytes) { _ = bytes[bytes.count] }
  }

  static let hang = FuzzedParser("decoy-hang", corpus) { bytes in
    guard isChosen(bytes) else { return }
    // A loop without an effect would be left out by the optimizer.
    while true { usleep(1_000) }
  }

  private static let kept = Mutex<[[UInt8]]>([])

  static let growth = FuzzedParser("decoy-growth", corpus) { bytes in
    kept.withLock { $0.append([UInt8](repeating: UInt8(truncatingIfNeeded: bytes.count), count: 20_000)) }
  }

  static let answer = FuzzedParser("decoy-answer", corpus) { bytes in
    if isChosen(bytes) { throw FuzzedFlaw("a decoy's flaw") }
  }
}

import DRKit
import Simulator
import Testing

@testable import Bench

@Suite("The fuzzer")
struct FuzzTests {
  private let corpus = ["a: 1\nb: [2, \"x\"]\nc: 2026-11-23\n", "{\"a\":{\"b\":[1,2,3]}}"].map {
    Array($0.utf8)
  }

  private func inputs(_ seed: UInt64, _ name: String = "p") -> [[UInt8]] {
    let parser = FuzzedParser(name, []) { _ in }
    return (0..<3_000).map { FuzzWorker.input($0, of: parser, seed: seed, corpus: corpus) }
  }

  @Test("makes the same inputs of the same seed, and others of another seed or name")
  func determinism() {
    let first = inputs(1)
    #expect(first == inputs(1))
    #expect(first != inputs(2))
    #expect(first != inputs(1, "q"))
    // 4711th and 3rd alike: an input needs no history.
    let parser = FuzzedParser("p", []) { _ in }
    #expect(FuzzWorker.input(2_999, of: parser, seed: 1, corpus: corpus) == first[2_999])
  }

  @Test("changes most inputs, keeps some, and knows long, deep and broken ones")
  func variety() {
    let made = inputs(3)
    #expect(Set(made).count > 2_500)
    #expect(made.contains(corpus[0]) && made.contains([]))
    #expect(made.allSatisfy { $0.count <= Mutator.longest })
    #expect(made.contains { $0.count > 10_000 })
    #expect(made.contains { String(validating: $0, as: UTF8.self) == nil })
    #expect(made.contains { $0.contains(0) })
    #expect(made.contains { String(decoding: $0, as: UTF8.self).contains("9223372036854775808") })
    #expect(made.contains { String(decoding: $0, as: UTF8.self).contains("[[[[[[[[[[[[[[[[") })
  }

  @Test("parts the inputs by the shares, to the last one")
  func shares() {
    for total in [1, 7, 1_000, 1_000_003] {
      let counts = FuzzDriver.parted(total, [100, 1, 30, 100])
      #expect(counts.reduce(0, +) == total)
      #expect(counts.allSatisfy { $0 >= 0 })
    }
    #expect(FuzzDriver.parted(2_310, [100, 1, 30, 100]) == [1_000, 10, 300, 1_000])
  }

  @Test("complains about errors that no human should be shown")
  func complaints() {
    func complaint(_ reason: String) -> String? {
      struct Raw: Error, CustomStringConvertible { var description: String }
      return FuzzedParser.complaint(about: Raw(description: reason))
    }
    #expect(complaint("fine") == nil)
    #expect(complaint("") != nil)
    #expect(complaint("a\u{1b}[31mb") != nil)
    #expect(complaint("two\nlines") != nil)
    #expect(complaint(String(repeating: "x", count: 5_000)) != nil)
    #expect(FuzzedParser.complaint(about: FuzzedFlaw("wrong")) == "wrong")
    // DRKit's own errors are fit to be shown, whatever is in them.
    let wild = String(repeating: "\u{1b}ü\n", count: 5_000)
    let error = DRError(.malformed, wild, wild, reason: wild, remedy: wild)
    #expect(FuzzedParser.complaint(about: error) == nil)
  }

  @Test("has decoys for traps, hangs, growth and bad answers")
  func decoys() async {
    #expect(FuzzDecoys.all.map(\.name) == ["decoy-trap", "decoy-hang", "decoy-growth", "decoy-answer"])
    var found = 0
    for number in 0..<5_000 {
      let input = FuzzWorker.input(
        number, of: FuzzDecoys.answer, seed: 1, corpus: [Array("a: 1\nb: [2, 3]\n".utf8)])
      if await FuzzWorker.complaint(FuzzDecoys.answer, input).complaint != nil { found += 1 }
    }
    #expect(found > 0)
  }
}

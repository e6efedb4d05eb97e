import StrictYAML
import Testing

@testable import DRKit

/// What the fuzzer found, or what was found while it was written: one test each.
@Suite("Hostile input")
struct HostileInputTests {
  @Test("An exbibyte is a number of bytes like any other")
  func exbibytes() {
    #expect(ByteText.of(1 << 60) == "1024.0 PiB")
    #expect(ByteText.of(.max) == "8191.9 PiB")
    #expect(ByteText.of(3_565_159) == "3.4 MiB")
    #expect(ByteText.of(1_023) == "1023 B")
  }

  @Test("Long keys around many values are refused before they fill the memory")
  func longPaths() {
    // 200 values below a path of 60 KB each would keep 12 MB; a document of 1 MB 14 GB.
    let key = String(repeating: "k", count: 900)
    var text = ""
    for level in 0..<60 { text += String(repeating: " ", count: level) + key + ":\n" }
    text += String(repeating: " ", count: 60) + "[1, 2]\n"
    let error = #expect(throws: StrictYAMLError.self) { try StrictDocument.parse(text, file: "x.yaml") }
    #expect(error?.problem == "the keys above this value are too long")
    #expect(error?.remedy.contains("1000 bytes") == true)
    #expect(throws: Never.self) { try StrictDocument.parse("\(key): [1, 2]\n", file: "x.yaml") }
  }

  @Test("A text of many & takes no square of its length", .timeLimit(.minutes(1)))
  func manyEntities() {
    let text = String(repeating: "&", count: 1 << 18)
    let document = "<ovf:Envelope><Name>\(text)&amp;&#x41;;</Name></ovf:Envelope>"
    #expect(OVFDocument(Array(document.utf8), source: "x")?.name.hasSuffix("&&A;") == true)
  }

  @Test("An error is one line of at most 4 KiB without control characters, whatever others said")
  func oneLine() {
    let wild = "a\nb\u{1b}[31mc\u{7f}\u{9b}d\t\u{2028}\u{202e}" + String(repeating: "ü", count: 10_000)
    let error = DRError(.refused, "ask", wild, reason: wild, remedy: wild)
    let text = error.description
    #expect(text.utf8.count <= 4_096)
    #expect(text.hasPrefix("ask (a b\u{fffd}[31mc\u{fffd}\u{fffd}d \u{fffd}\u{fffd}ü"))
    #expect(
      text.unicodeScalars.allSatisfy {
        $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) && $0.value != 0x202e
      })
    #expect(text.contains("…): a b") && text.contains(". Remedy: a b"))
    // The error itself keeps every word.
    #expect(error.reason == wild)
    #expect(DRError(.unfit, "a", "b", reason: "ü é", remedy: "d").description == "a (b): ü é. Remedy: d")
  }
}

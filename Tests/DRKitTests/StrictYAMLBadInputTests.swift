import DRKit
import StrictYAML
import Testing

/// The document that the tests below read: every type of value once.
private enum Colour: String, CaseIterable { case red, green, darkBlue }

private func read(_ text: String, limit: Int = 1 << 20) throws(StrictYAMLError) {
  let root = try StrictDocument.parse(text, file: "t.yaml", limit: limit)
  let map = try root.mapping(keys: [
    "name", "count", "ratio", "chance", "on", "colour", "wait", "window", "size", "rate", "machines", "id",
    "left", "right",
  ])
  _ = try map.optional("name")?.string(length: 20)
  _ = try map.optional("count")?.int(in: 1...9)
  _ = try map.optional("ratio")?.double(in: -2...2)
  _ = try map.optional("chance")?.probability()
  _ = try map.optional("on")?.bool()
  _ = try map.optional("colour")?.choice(of: Colour.self)
  _ = try map.optional("wait")?.duration(in: .zero ... .hours(100))
  _ = try map.optional("window")?.durationRange()
  _ = try map.optional("size")?.byteSize(in: 1...(1 << 50))
  _ = try map.optional("rate")?.bandwidth()
  _ = try map.optional("id")?.identifier(DiskID.self)
  if map.has("left") || map.has("right") { _ = try map.exactlyOne(of: ["left", "right"]) }
  _ = try map.optional("machines")?.list(count: 1...3) { (node) throws(StrictYAMLError) in
    let machine = try node.mapping(keys: ["disk", "disks"])
    _ = try machine.required("disk").string()
    _ = try machine.optional("disks")?.distinctList { (disk) throws(StrictYAMLError) in try disk.string() }
  }
}

struct BadInput: CustomTestStringConvertible, Sendable {
  var text: String
  var line: Int
  var field: String
  var words: [String]
  var testDescription: String { words.joined(separator: " ") + " ← " + String(text.prefix(40)) }

  init(_ text: String, _ line: Int, _ field: String, _ words: String...) {
    self.text = text
    self.line = line
    self.field = field
    self.words = words
  }
}

private let badInputs: [BadInput] = [
  // The document as a whole.
  BadInput("", 1, "", "empty"),
  BadInput("# nothing but a comment\n", 1, "", "empty"),
  BadInput("---\n", 2, "", "needs a mapping", "empty"),
  BadInput("name: a\n---\nname: b\n", 2, "", "second document", "---"),
  BadInput("- a\n- b\n", 1, "", "needs a mapping", "a list"),
  BadInput("just words\n", 1, "", "needs a mapping"),
  BadInput("name: a\nname: b\n", 1, "", "`name`", "more than once"),
  BadInput("machines:\n  - disk: a\n    disk: b\n", 2, "", "`disk`", "more than once"),
  BadInput("name: [a\ncount: 3\n", 2, "", "no valid YAML"),
  BadInput("name: 'a\n", 2, "", "no valid YAML", "quoted"),
  BadInput("name: a\n\tcount: 3\n", 2, "", "no valid YAML", "spaces"),
  BadInput("name: a: b\n", 1, "", "mapping values", "quotes"),
  BadInput("name: a\u{1}\n", 1, "", "no valid YAML", "UTF-8"),
  BadInput("name: @a\n", 1, "", "no valid YAML"),
  BadInput("name: \"\\ud800\"\n", 1, "", "no valid YAML"),
  BadInput("name: *x\n", 1, "", "undefined alias"),
  BadInput("name: &x a\ncount: *x\n", 1, "", "anchors", "Write the value out"),
  BadInput("name: 'a\n\n  ' &x\n", 3, "", "no valid YAML"),
  BadInput("name: [\"a\n  \", &x b]\n", 2, "name[1]", "anchors"),
  BadInput("name: !!binary aGVsbG8=\n", 1, "name", "tags"),
  BadInput("name: !mine a\n", 1, "name", "tags"),
  BadInput("<<: {name: a}\n", 1, "", "merge keys"),
  BadInput("? [a, b]\n: c\n", 1, "", "key is no text"),
  BadInput("? \n: c\n", 1, "", "key is no text"),
  BadInput("~: c\n", 1, "", "key is no text"),
  BadInput(String(repeating: "[", count: 100_000), 1, "", "nested too deeply"),
  BadInput(String(repeating: "- ", count: 50_000) + "a", 1, "", "nested too deeply"),
  BadInput(String(repeating: "{a: ", count: 50_000), 1, "", "nested too deeply"),
  BadInput(
    "a: " + String(repeating: "[", count: 70) + String(repeating: "]", count: 70), 1,
    "a" + String(repeating: "[0]", count: 64), "deeper than 64"),
  // Keys.
  BadInput("name: a\nmashines: []\n", 2, "mashines", "unknown key `mashines`", "Did you mean `machines`?"),
  BadInput("frobnicate: 1\n", 1, "frobnicate", "unknown key", "Known keys: chance, colour"),
  BadInput("machines:\n  - dsik: a\n", 2, "machines[0].dsik", "Did you mean `disk`?"),
  BadInput("machines:\n  - disk: a\n  - disks: []\n", 3, "machines[1]", "`disk` is missing", "Add"),
  BadInput("left: 1\nright: 2\n", 2, "right", "can't stand beside", "exactly one"),
  // Lists.
  BadInput("machines: a\n", 1, "machines", "needs a list", "`a`"),
  BadInput("machines: []\n", 1, "machines", "0 elements", "1 to 3"),
  BadInput(
    "machines:\n  - disk: a\n    disks:\n      - x\n      - x\n", 5, "machines[0].disks[1]", "more than once"),
  BadInput("machines:\n  - disk: {a: b}\n", 2, "machines[0].disk", "needs a text", "a mapping"),
  BadInput("machines:\n  -\n", 2, "machines[0]", "needs a mapping", "empty"),
  // Scalars.
  BadInput("name:\n", 1, "name", "empty", "remove the key"),
  BadInput("name: ''\n", 1, "name", "empty"),
  BadInput("name: abcdefghijklmnopqrstuvwxyz\n", 1, "name", "26 characters", "at most 20"),
  BadInput("count: three\n", 1, "count", "whole number", "`three`"),
  BadInput("count: '3'\n", 1, "count", "quoted", "without quotes"),
  BadInput("count: 10\n", 1, "count", "out of range", "1 to 9"),
  BadInput("count: 99999999999999999999\n", 1, "count", "out of range"),
  BadInput("count: 007\n", 1, "count", "whole number"),
  BadInput("count: 0x3\n", 1, "count", "whole number"),
  BadInput("count: 3.0\n", 1, "count", "whole number"),
  BadInput("count: 1__0\n", 1, "count", "whole number"),
  BadInput("ratio: nan\n", 1, "ratio", "needs a number"),
  BadInput("ratio: 1e300\n", 1, "ratio", "needs a number"),
  BadInput("ratio: .5\n", 1, "ratio", "needs a number"),
  BadInput("ratio: 2.1\n", 1, "ratio", "out of range"),
  BadInput("chance: 1.01\n", 1, "chance", "out of range", "0.0 to 1.0"),
  BadInput("chance: 5%\n", 1, "chance", "0.05 for 5%"),
  BadInput("on: yes\n", 1, "on", "true or false", "`yes`"),
  BadInput("on: 'true'\n", 1, "on", "without quotes"),
  BadInput("colour: gren\n", 1, "colour", "Did you mean `green`?"),
  BadInput("colour: purple\n", 1, "colour", "red, green, darkBlue"),
  BadInput("id: 1234\n", 1, "id", "needs an id", "8-4-4-4-12"),
  // Quantities.
  BadInput("wait: 90\n", 1, "wait", "no unit", "90s"),
  BadInput("wait: 5min\n", 1, "wait", "`min` is no unit", "d, h, m, s"),
  BadInput("wait: 5 s\n", 1, "wait", "no unit of time"),
  BadInput("wait: 1.5s\n", 1, "wait", "fraction", "1500ms"),
  BadInput("wait: -5s\n", 1, "wait", "needs a duration"),
  BadInput("wait: 30m1h\n", 1, "wait", "not in order", "1h30m"),
  BadInput("wait: 1s1s\n", 1, "wait", "not in order"),
  BadInput("wait: 200000d\n", 1, "wait", "too long"),
  BadInput("wait: 99999999999999999999s\n", 1, "wait", "too long"),
  BadInput("wait: 101h\n", 1, "wait", "out of range", "0s to 4d4h"),
  BadInput("window: 12s..3s\n", 1, "window", "upside down"),
  BadInput("window: 3..12s\n", 1, "window", "no unit"),
  BadInput("window: 3s..\n", 1, "window", "needs a duration"),
  BadInput("window: 3s...12s\n", 1, "window", "needs a duration"),
  BadInput("size: 64\n", 1, "size", "needs a unit"),
  BadInput("size: 64MB\n", 1, "size", "`MB` is no unit", "write 64MiB"),
  BadInput("size: 64 MiB\n", 1, "size", "space"),
  BadInput("size: 1.5GiB\n", 1, "size", "not whole", "1536MiB"),
  BadInput("size: 10000000PiB\n", 1, "size", "out of range"),
  BadInput("size: 99999999999999999999B\n", 1, "size", "too large"),
  BadInput("size: 0B\n", 1, "size", "out of range", "1B to"),
  BadInput("size: big\n", 1, "size", "needs a size"),
  BadInput("rate: 1Gbps\n", 1, "rate", "no unit of bandwidth", "Mbit/s"),
  BadInput("rate: 1MB/s\n", 1, "rate", "no unit of bandwidth", "MiB/s"),
  BadInput("rate: 7bit/s\n", 1, "rate", "out of range"),
  BadInput("rate: 1000\n", 1, "rate", "needs a unit"),
]

@Suite("Strict YAML, bad input") struct StrictYAMLBadInputTests {
  @Test("Bad input gets one error that names line, field and remedy", arguments: badInputs)
  func refused(_ input: BadInput) {
    do {
      try read(input.text)
      Issue.record("was accepted")
    } catch {
      #expect(error.line == input.line, "\(error)")
      #expect(error.field == input.field, "\(error)")
      #expect(error.column >= 1)
      #expect(!error.remedy.isEmpty)
      #expect(error.description.hasPrefix("t.yaml:\(input.line):\(error.column): "))
      for word in input.words { #expect(error.description.contains(word), "\(error)") }
    }
  }

  @Test("The description has the promised form") func form() {
    let error = #expect(throws: StrictYAMLError.self) { try read("machines:\n  - dsik: a\n") }
    #expect(
      error?.description
        == "t.yaml:2:5: machines[0].dsik: unknown key `dsik`. Did you mean `disk`?")
  }

  @Test("A document over the size limit is refused before it is parsed") func tooLong() {
    let error = #expect(throws: StrictYAMLError.self) { try read("name: [[[[", limit: 9) }
    #expect(error?.problem == "is 10 bytes long")
    #expect(error?.remedy == "Use at most 9")
  }

  @Test("An alias bomb used as a key does not keep the parser busy") func bomb() {
    var text = "a0: &a0 [x, x]\n"
    for level in 1..<60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    text += "? *a59\n: 1\n"
    #expect(throws: StrictYAMLError.self) { try read(text) }
  }

  @Test("Every prefix and every one-byte change of a good document is read or refused, never trapped")
  func mutations() {
    let good = "name: \"a b\"\nmachines:\n  - disk: {a: [1, 'x']}\n  - disk: |\n      text\nwait: 1h30m # c\n"
    let bytes = Array(good.utf8)
    for index in bytes.indices {
      try? read(String(decoding: bytes[..<index], as: UTF8.self))
      for byte in Array("\"'[]{}:-?&*!|>%@`#,\t\n \u{7F}".utf8) + [0, 0xFF] {
        var changed = bytes
        changed[index] = byte
        try? read(String(decoding: changed, as: UTF8.self))
      }
    }
  }
}

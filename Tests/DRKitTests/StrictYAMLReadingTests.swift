import DRKit
import StrictYAML
import Testing

private func value(_ text: String) throws(StrictYAMLError) -> StrictNode {
  try StrictDocument.parse("v: \(text)\n", file: "t").mapping(keys: ["v"]).required("v")
}

@Suite("Strict YAML, good input") struct StrictYAMLReadingTests {
  @Test("Durations are read with any of their units") func durations() throws {
    let cases: [(String, Int64)] = [
      ("90s", 90_000_000_000), ("3m", 180_000_000_000), ("1h30m", 5_400_000_000_000), ("250ms", 250_000_000),
      ("2d", 172_800_000_000_000), ("1d2h3m4s5ms6us7ns", 93_784_005_006_007), ("0s", 0), ("'5us'", 5_000),
    ]
    for (text, nanoseconds) in cases { #expect(try value(text).duration().nanoseconds == nanoseconds) }
  }

  @Test("Ranges of durations may be a single one") func ranges() throws {
    #expect(try value("3s..12s").durationRange() == .seconds(3) ... .seconds(12))
    #expect(try value("250ms").durationRange() == .milliseconds(250) ... .milliseconds(250))
  }

  @Test("Sizes are binary and bandwidths bits or bytes") func sizes() throws {
    #expect(try value("64MiB").byteSize() == 64 << 20)
    #expect(try value("10TiB").byteSize() == 10 << 40)
    #expect(try value("4KiB").byteSize() == 4096)
    #expect(try value("512B").byteSize() == 512)
    #expect(try value("1PiB").byteSize() == 1 << 50)
    #expect(try value("1Gbit/s").bandwidth() == 125_000_000)
    #expect(try value("120Mbit/s").bandwidth() == 15_000_000)
    #expect(try value("56kbit/s").bandwidth() == 7_000)
    #expect(try value("2MiB/s").bandwidth() == 2 << 20)
    #expect(try value("9B/s").bandwidth() == 9)
  }

  @Test("Scalars take the type that is asked for, not the one they look like") func scalars() throws {
    #expect(try value("no").string() == "no")
    #expect(try value("1.10").string() == "1.10")
    #expect(try value("'null'").string() == "null")
    #expect(try value("-10_000").int() == -10_000)
    #expect(try value("0").int() == 0)
    #expect(try value("0.25").probability() == 0.25)
    #expect(try value("1").probability() == 1)
    #expect(try value("-1.5").double(in: -2...2) == -1.5)
    #expect(try value("true").bool())
    #expect(try !value("false").bool())
    #expect(try value("slow").choice(among: ["fast", "slow"]) == "slow")
    let id = "00000000-0000-0000-0000-00000000000a"
    #expect(try value(id).identifier(DiskID.self) == DiskID(high: 0, low: 10))
  }

  @Test("A text may hold & and quotes") func ampersand() throws {
    #expect(try value("R&D and \"x\"").string() == "R&D and \"x\"")
    #expect(try value("'a &b'").string() == "a &b")
    #expect(try value("a & b # not an &anchor").string() == "a & b")
  }

  @Test("Documents shorter than a small string are read") func short() throws {
    #expect(try StrictDocument.parse("a: 1", file: "t").mapping(keys: ["a"]).required("a").int() == 1)
  }

  @Test("Lists and mappings keep their order and know their places") func structure() throws {
    let root = try StrictDocument.parse("hosts:\n  b: [3, 1]\n  a: [2]\n", file: "t")
    let hosts = try root.mapping(keys: ["hosts"]).required("hosts").namedEntries()
    #expect(hosts.map(\.name) == ["b", "a"])
    #expect(hosts[0].value.path == "hosts.b")
    #expect(hosts[1].value.line == 3)
    let numbers = try hosts[0].value.list { (node) throws(StrictYAMLError) in try node.int() }
    #expect(numbers == [3, 1])
    #expect(hosts[0].value.isList && root.isMapping && !root.isScalar)
    #expect(root.error("no", remedy: "yes").description == "t:1:1: no. yes")
  }

  @Test("Asking for a key that was not declared is an error, not a trap") func undeclared() throws {
    let map = try StrictDocument.parse("a: 1", file: "t").mapping(keys: ["a"])
    #expect(throws: StrictYAMLError.self) { try map.optional("b") }
    #expect(try map.exactlyOne(of: ["a"]).key == "a")
  }
}

import DRKit
import Testing

@testable import OVirtClient

@Suite("Addresses and JSON") struct AddressAndJSONTests {
  @Test(
    "URLs that are good",
    arguments: [
      ("https://engine.example/ovirt-engine/api", "https://engine.example:443"),
      ("https://engine.example:8443/", "https://engine.example:8443"),
      ("https://10.0.0.1/ovirt-engine/", "https://10.0.0.1:443"),
      ("https://[fd00::1]:444", "https://[fd00::1]:444"), ("http://127.0.0.1:80", "http://127.0.0.1:80"),
      ("http://[::1]:1", "http://[::1]:1"), ("http://localhost", "http://localhost:80"),
    ])
  func good(url: String, origin: String) throws { #expect(try EngineAddress(url: url).origin == origin) }

  @Test(
    "URLs that are refused",
    arguments: [
      "", "engine", "ftp://e/", "https://", "https://:1", "https://e:0", "https://e:65536", "https://e:x",
      "https://e:", "https://u:pw@e/", "https://e/other", "https://e/ovirt-engine/api?x=1", "https://[::1",
      "https://[e]:1", "https://[::1]x", "https://e e", "http://engine.example/", "http://127.0.0.1.example/",
      "http://127.0.0.x",
    ])
  func bad(url: String) {
    let error = #expect(throws: DRError.self) { try EngineAddress(url: url) }
    #expect(error?.kind == .unfit)
    #expect(error?.description.contains("pw") == false)
    #expect(error?.remedy.isEmpty == false)
  }

  @Test("JSON comes back as it went") func roundTrip() throws {
    let value: JSONValue = [
      "a": ["x", .number("-1.5e+3"), .bool(true), .bool(false), .null], "ü\u{1F600}\u{0}\"\\/": [:],
    ]
    #expect(try JSONParser.parse(value.encoded) == value)
    #expect(
      try JSONParser.parse(Array(#" "\ud83d\ude00\u00e9\b\f\n\r\t\/" "#.utf8))
        == .string("😀é\u{8}\u{c}\n\r\t/"))
  }

  @Test(
    "Broken JSON is refused",
    arguments: [
      "", " ", "{", "[", "{]", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}",
      "tru", "nul",
      "01", "1.", "1e", "-", "+1", ".5", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
      "\"\\udc00\"", "\"a\nb\"", "1 2", "[1 2]", "{\"a\" 1}", "NaN", "'a'",
    ])
  func broken(text: String) {
    #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(text.utf8)) }
  }

  @Test("Deep nesting, bad UTF-8 and every prefix are refused without a trap") func hostile() {
    let deep = Array(String(repeating: "[", count: 1_000_000).utf8)
    #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(deep) }
    #expect(throws: JSONParser.Failure.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    let good = Array(#"{"a":[1.5e3,"x\u00e9\ud83d\ude00",true,null,{}]}"#.utf8)
    for end in good.indices {
      #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(good[..<end])) }
    }
  }
}

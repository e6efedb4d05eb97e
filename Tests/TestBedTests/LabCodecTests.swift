import DRKit
import Testing

@testable import TestBed

@Suite struct `Lab mode's codecs` {
  @Test func `a stamp's bytes are the ones that Python's struct and zlib make`() {
    // h = pack('<4sIQQQ', b'DRKS', 1, 7, 1700000000123456789, 3) + pack('<Q', 7 * 0x9E3779B97F4A7C15 % 2**64) * 507 + b'\0' * 4
    // h += pack('<I', zlib.crc32(h))
    var buffer = [UInt8](repeating: 0xee, count: Stamp.size)
    let stamp = Stamp(disk: 1, sequence: 7, nanoseconds: 1_700_000_000_123_456_789, block: 3)
    stamp.encode(into: &buffer)
    let head = "44524b5301000000070000000000000015cd853dfe9c971703000000000000009364097b12548453"
    #expect(hex(buffer[..<40]) == head)
    #expect(hex(buffer[4_080...]) == "9364097b125484530000000039092632")
    #expect(crc(buffer) == 0x2144_df1c)
    #expect(buffer.withUnsafeBytes { Stamp.decode($0) } == .stamp(stamp))
  }

  @Test func `the checksum is zlib's, of any length`() {
    #expect(crc(Array("123456789".utf8)) == 0xcbf4_3926)
    #expect(crc([]) == 0)
  }

  @Test func `a flipped bit, a torn block and an empty block are told apart`() {
    var buffer = [UInt8](repeating: 0, count: Stamp.size)
    #expect(decode(buffer) == .empty)
    buffer[4_095] = 1
    #expect(decode(buffer) == .damaged)
    Stamp(disk: 0, sequence: 9, nanoseconds: 1, block: 2).encode(into: &buffer)
    for place in [0, 4, 31, 32, 4_087, 4_090, 4_095] {
      var flipped = buffer
      flipped[place] ^= 0x10
      #expect(decode(flipped) == .damaged, "byte \(place)")
    }
  }

  @Test(arguments: [(0, 1), (0, 3), (1, 3), (2, 3)])
  func `an image after any number of writes is exact, and one lost or early write is seen`(
    disk: Int, disks: Int
  ) {
    let blocks: UInt64 = 16
    for last in 0...(3 * 16 * disks + 5) {
      let image = image(disk: disk, disks: disks, blocks: blocks, upTo: last)
      let check = check(image, disk: disk, disks: disks)
      let newest = (0...last).last { $0 % disks == disk } ?? 0
      #expect(check.isExact && check.lastSequence == UInt64(newest), "after \(last) writes")

      let older = newest - disks
      guard older > 0 else { continue }
      var lost = image
      let place = Int(Stamp.block(ofWrite: UInt64(older / disks), blocks: blocks))
      lost[place] = [UInt8](repeating: 0, count: Stamp.size)
      #expect(self.check(lost, disk: disk, disks: disks).wrong == [UInt64(place)])
      lost[place] = image[Int(Stamp.block(ofWrite: UInt64(newest / disks), blocks: blocks))]
      #expect(self.check(lost, disk: disk, disks: disks).damaged == [UInt64(place)])
    }
  }

  @Test(arguments: ["1e400", "-1e65536", String(repeating: "9", count: 400)])
  func `a number too large for a Double is refused: it could not be written again`(number: String) throws {
    #expect(throws: DRError.self) { try LabJSON(parsing: Array("{\"a\":\(number)}".utf8)) }
    #expect(try LabJSON(parsing: Array("{\"a\":1e300}".utf8))["a"] == .number(1e300))
  }

  @Test(arguments: ["nan", "inf", "infinity", "-inf"])
  func `a word that Swift takes for a number is none in a request`(word: String) {
    #expect(throws: UnreadableBody.self) { try JSONReader.read(Array("{\"a\":\(word)}".utf8)) }
  }

  @Test func `what a request's document holds is not obeyed by who reads the error`() {
    let error = #expect(throws: UnreadableBody.self) { try XMLReader.read(Array("<d\u{202e}e\u{1b}>x".utf8)) }
    #expect(error.map { FuzzedParser.complaint(about: $0) } == .some(nil), "\(String(describing: error))")
  }

  @Test func `quantiles are within an eighth, the maximum is exact`() throws {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(perMille: 500) == nil)
    for value in 1...1_000 as ClosedRange<UInt64> { histogram.record(value * 1_000) }
    let median = try #require(histogram.quantile(perMille: 500))
    #expect(500_000...563_000 ~= median)
    #expect(histogram.quantile(perMille: 1_000) == 1_000_000)
    #expect(histogram.maximum == 1_000_000)
  }

  @Test func `JSON reads what QEMU writes and writes what it reads`() throws {
    let text = #"{"return":[{"n":-7,"x":1.5,"t":true,"z":null,"s":"a\"\\\nü€"}],"id":3,"e":{},"l":[]}"#
    let json = try LabJSON(parsing: text.utf8)
    #expect(json.description == text)
    #expect(json["return"]?.array?.first?["n"]?.integer == -7)
    #expect(try LabJSON(parsing: json.pretty.utf8) == json)
    #expect(try LabJSON(parsing: #""\u00e9\ud83d\ude00""#.utf8) == .string("é😀"))
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\" 1}", "\"abc", "tru", "1 2", "\"\\ud800x\"", "\"\u{1}\"",
    String(repeating: "[", count: 100),
  ])
  func `bad JSON is one error`(text: String) throws {
    let error = try #require(throws: DRError.self) { try LabJSON(parsing: text.utf8) }
    #expect(error.kind == .malformed)
  }

  // MARK: -

  private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32.checksum($0) } }

  private func decode(_ bytes: [UInt8]) -> Stamp.Content { bytes.withUnsafeBytes { Stamp.decode($0) } }

  private func image(disk: Int, disks: Int, blocks: UInt64, upTo last: Int) -> [[UInt8]] {
    var image = [[UInt8]](repeating: [UInt8](repeating: 0, count: Stamp.size), count: Int(blocks))
    for sequence in 0...last where sequence > 0 && sequence % disks == disk {
      let block = Stamp.block(ofWrite: UInt64(sequence / disks), blocks: blocks)
      Stamp(disk: UInt32(disk), sequence: UInt64(sequence), nanoseconds: 1, block: block)
        .encode(into: &image[Int(block)])
    }
    return image
  }

  private func check(_ image: [[UInt8]], disk: Int, disks: Int) -> StampCheck {
    StampCheck.run(disk: UInt32(disk), disks: UInt64(disks), blocks: UInt64(image.count)) { image[Int($0)] }
  }
}

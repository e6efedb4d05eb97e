import DRKit
import Testing

@Suite("A vdsm .meta file")
struct VolumeMetadataTests {
  private let disk = Sample.disk(1)

  private func parse(_ text: String) throws(DRError) -> VolumeMetadata {
    try VolumeMetadata(Array(text.utf8), path: "images/d/v.meta")
  }

  private func complaint(_ text: String) -> String {
    do {
      _ = try parse(text)
      return "none"
    } catch {
      #expect(error.kind == .malformed)
      #expect(error.subject == "images/d/v.meta")
      return error.reason
    }
  }

  private var good: String { String(decoding: Sample.meta(disk: disk), as: UTF8.self) }

  @Test("as vdsm writes it gives image, domain, parent, legality and role")
  func reads() throws {
    let parent = Sample.volume(2)
    let bytes = Sample.meta(disk: disk, parent: parent, role: .internal, legality: "ILLEGAL")
    let meta = try VolumeMetadata(bytes, path: "x")
    #expect(meta.image == disk)
    #expect(meta.domain == Sample.domain)
    #expect(meta.parent == parent)
    #expect(!meta.isLegal)
    #expect(meta.role == .internal)
  }

  @Test("of an older domain format is read: SIZE, MTIME and no SEQ")
  func olderFormat() throws {
    let text = good.replacing("CAP=10737418240", with: "MTIME=0\nSIZE=20971520").replacing(
      "SEQ=1\n", with: "")
    #expect(try parse(text).role == .leaf)
  }

  @Test(
    "edited changes the role's value and no other byte", arguments: [VolumeMetadata.Role.internal, .shared])
  func edits(_ role: VolumeMetadata.Role) throws {
    let wanted = good.replacing("VOLTYPE=LEAF", with: "VOLTYPE=\(role.rawValue)")
    #expect(try parse(good).bytes(as: role) == Array(wanted.utf8))
    #expect(try parse(wanted).bytes(as: .leaf) == Array(good.utf8))
  }

  @Test(
    "with an awkward description is edited without touching the description",
    arguments: ["VOLTYPE=INTERNAL in words", "a=b=c", "", "ünï", "ends in return\r", "\u{338}slash", "  "])
  func awkwardDescription(_ description: String) throws {
    let text = good.replacing(
      "{\"DiskAlias\":\"vm_Disk1\",\"DiskDescription\":\"\"}", with: description)
    let wanted = text.replacing("VOLTYPE=LEAF", with: "VOLTYPE=INTERNAL")
    #expect(try parse(text).bytes(as: .internal) == Array(wanted.utf8))
  }

  @Test("with bytes that are no UTF-8 keeps them")
  func notUTF8() throws {
    var bytes = Sample.meta(disk: disk)
    let at = try #require(bytes.firstIndex(of: UInt8(ascii: "{")))
    bytes[at] = 0xff
    #expect(try VolumeMetadata(bytes, path: "x").bytes(as: .leaf) == bytes)
  }

  @Test("with empty lines keeps them")
  func emptyLines() throws {
    let text = "\n" + good
    #expect(try parse(text).bytes(as: .leaf) == Array(text.utf8))
  }

  @Test("that is empty, as a retained file's may arrive, is refused")
  func empty() { #expect(complaint("") == "the file is empty") }

  @Test("cut off at any byte is refused, never half believed")
  func truncated() {
    for length in 1..<(good.utf8.count - 1) {
      let cut = String(decoding: good.utf8.prefix(length), as: UTF8.self)
      #expect(complaint(cut) != "none", "cut to \(length) bytes")
    }
  }

  @Test(
    "without a key that matters is refused by the key's name",
    arguments: ["IMAGE", "DOMAIN", "PUUID", "VOLTYPE", "LEGALITY"])
  func missingKey(_ key: String) {
    let lines = good.split(separator: "\n").filter { !$0.hasPrefix("\(key)=") }
    #expect(complaint(lines.joined(separator: "\n") + "\n") == "\(key) is missing")
  }

  @Test("with a value that makes no sense is refused by the value")
  func badValues() {
    #expect(complaint(good.replacing("VOLTYPE=LEAF", with: "VOLTYPE=leaf")).hasPrefix("VOLTYPE is \"leaf\""))
    #expect(
      complaint(good.replacing("IMAGE=\(disk)", with: "IMAGE=12")) == "IMAGE is \"12\", not a UUID")
    #expect(complaint(good.replacing("GEN=0", with: "GEN")) == "\"GEN\" is no KEY=VALUE line")
    #expect(complaint(String(repeating: "A=1\n", count: 2_000) + "EOF\n").contains("8004 bytes"))
  }
}

import DRKit
import Testing

@Suite("An identifier")
struct IdentifierTests {
  private let text = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

  @Test("reads the canonical text in either case and writes it in lower case")
  func canonical() throws {
    let id = try #require(DiskID(text))
    #expect(id.high == 0x0f1e_2d3c_4b5a_6978)
    #expect(id.low == 0x8796_a5b4_c3d2_e1f0)
    #expect(id.description == text)
    #expect(DiskID(text.uppercased()) == id)
    #expect(DiskID(Substring("x" + text).dropFirst()) == id)
    #expect(id.bytes.count == 16)
    #expect(id.bytes.first == 0x0f && id.bytes.last == 0xf0)
  }

  @Test("spells vdsm's blank id")
  func blank() {
    #expect(VolumeID.blank.description == "00000000-0000-0000-0000-000000000000")
    #expect(VolumeID("00000000-0000-0000-0000-000000000000") == .blank)
    #expect(Identifier<DiskKind>(high: .max, low: .max).description == "ffffffff-ffff-ffff-ffff-ffffffffffff")
  }

  @Test(
    "is not read from anything else",
    arguments: [
      "", "-", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "{0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}",
      "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f00",
      "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg", "0f1e2d3c-4b5a-6978-8796_a5b4c3d2e1f0",
      "0f1e2d3-c4b5a-6978-8796-a5b4c3d2e1f0", " 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
      "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n", "urn:uuid:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
      "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1\u{ff11}", "------------------------------------",
    ])
  func rejects(_ text: String) { #expect(DiskID(text) == nil) }

  @Test("is ordered as its text is")
  func ordered() {
    let ids = [
      DiskID(high: 0, low: .max), DiskID(high: 1, low: 0), DiskID(high: .max, low: 0),
      DiskID(high: 0, low: 1),
    ]
    #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
  }

  @Test("is derived as Python's uuid.uuid5 derives it")
  func derived() {
    let dns = RunID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")!
    func uuid5(_ name: String) -> String { DiskID.derived(from: dns, name: name).description }
    #expect(uuid5("python.org") == "886313e1-3b8a-5372-9b90-0c9aee199e5d")
    #expect(uuid5("ünï") == "b020b558-9864-57e2-b4dd-1a06dcddfdac")
    #expect(uuid5("") == "4ebd0208-8328-5d69-8c44-ec50939c0967")
  }

  @Test(
    "of an overlay is derived from run, disk and attempt: these stand in journals and on volumes for ever")
  func overlay() {
    let (run, disk) = (Sample.run(1), Sample.disk(11))
    let first = Derived.overlay(run: run, disk: disk, attempt: 1)
    #expect(first.description == "b70b7fe2-40a1-57fa-81b8-ad7e10773ebf")
    #expect(
      Derived.overlay(run: run, disk: disk, attempt: 2).description == "d70cdc92-081c-5acd-8cba-bd9f26a29d60")
    #expect(Derived.overlay(run: Sample.run(2), disk: disk, attempt: 1) != first)
    #expect(Derived.overlay(run: run, disk: Sample.disk(12), attempt: 1) != first)
  }

  @Test("of an event is positive and stands")
  func eventID() {
    #expect(Derived.eventID(run: Sample.run(1), event: "outcome") == 238_426_067)
    for n in UInt64(1)...500 { #expect(Derived.eventID(run: Sample.run(n), event: "outcome") > 0) }
  }
}

import DRKit
import Glibc
import Simulator
import Testing

@testable import TestBed

@Suite struct `Lab mode's storage domains` {
  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (String(repeating: "a", count: 119), "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"),
  ])
  func `SHA-1 is sha1sum's`(text: String, digest: String) {
    #expect(SHA1.hexadecimal(text) == digest)
  }

  @Test(arguments: [
    (0, "Thu Jan 01 00:00:00 UTC 1970"), (951_782_400, "Tue Feb 29 00:00:00 UTC 2000"),
    (1_795_459_571, "Mon Nov 23 18:46:11 UTC 2026"), (4_102_444_799, "Thu Dec 31 23:59:59 UTC 2099"),
  ])
  func `dates are written as Java writes them`(seconds: Int64, text: String) {
    #expect(OVFStoreArchive.javaDate(seconds) == text)
  }

  @Test func `the domain's metadata is sorted and carries vdsm's checksum`() throws {
    let domain = LabDomain(
      id: StorageDomainID(high: 1, low: 2), name: "Küche", remotePath: "a1:/data", mount: "/nowhere",
      pool: DataCenterID(high: 3, low: 4))
    let lines = domain.metadata.split(separator: "\n").map(String.init)
    let values = lines.dropLast()
    #expect(Array(values) == values.sorted())
    #expect(values.contains("DESCRIPTION=Küche") && values.contains("VERSION=5"))
    // hashlib.sha1(''.join(values) with &#252; for ü)
    let joined = values.joined().replacing("ü", with: "&#252;")
    #expect(lines.last == "_SHA_CKSUM=\(SHA1.hexadecimal(joined))")
    let error = try #require(throws: DRError.self) { try domain.create() }
    #expect(error.kind == .unfit && error.remedy == "mount the volume there")
  }

  @Test func `changing one value of a volume's metadata leaves the rest, unknown keys too, as it was`() {
    let text = "CAP=1\nDESCRIPTION={\"a\":\"b=c\"}\nFUTURE=yes\nVOLTYPE=LEAF\nEOF\n"
    var metadata = MetadataText(text)
    #expect(metadata.text == text)
    #expect(metadata["DESCRIPTION"] == "{\"a\":\"b=c\"}")
    #expect(metadata["VOL"] == nil && metadata["EOF"] == nil)
    metadata["VOLTYPE"] = "INTERNAL"
    metadata["ABSENT"] = "x"
    #expect(metadata.text == text.replacing("LEAF", with: "INTERNAL"))
  }

  @Test func `the OVF_STORE is a tar that tar reads`() throws {
    let place = try Directory()
    defer { place.remove() }
    let machine = VirtualMachineID(high: 7, low: 8)
    let content = OVFStoreContent(
      updated: Instant(epochSeconds: 1_795_459_571),
      documents: [OVFDocument(machine: machine, text: String(repeating: "<ovf/>", count: 200))])
    let archive = OVFStoreArchive(content, domain: StorageDomainID(high: 1, low: 2))
    #expect(archive.bytes.count % 10_240 == 0)
    #expect(archive.description["Size"]?.integer == Int64(archive.bytes.count))
    #expect(archive.description["Last Updated"] == "Mon Nov 23 18:46:11 UTC 2026")
    let path = "\(place.path)/store"
    // As in a disk that is larger than the archive.
    try LabFiles.overwrite(path, archive.bytes, size: 1 << 20)
    let listing = try ChildProcess.run(["tar", "-tf", path], within: .seconds(300))
    #expect(listing == "info.json\n\(machine).ovf\n")
    let text = try ChildProcess.run(["tar", "-xOf", path, "\(machine).ovf"], within: .seconds(300))
    #expect(text == content.documents[0].text)
  }

  @Test func `a program that fails, hangs or does not exist is one error each`() throws {
    let failed = try #require(throws: DRError.self) {
      try ChildProcess.run(["ls", "/no/such/place"], within: .seconds(300))
    }
    #expect(failed.kind == .refused && failed.reason.contains("No such file"))
    let hung = try #require(throws: DRError.self) {
      try ChildProcess.run(["sleep", "60"], within: .milliseconds(50))
    }
    #expect(hung.kind == .timedOut)
    let absent = try #require(throws: DRError.self) {
      try ChildProcess.run(["drkit-no-such-program"], within: .seconds(300))
    }
    #expect(absent.kind == .missing && absent.remedy == "run Tests/Lab/install.sh")
    #expect(try ChildProcess.run(["echo", "$(id)", ";ls"], within: .seconds(300)) == "$(id) ;ls\n")
  }

  @Test func `a path that is too long for a socket is refused before anything starts`() throws {
    let error = try #require(throws: DRError.self) {
      try StorageDaemon(name: "vm", directory: "/tmp/" + String(repeating: "x", count: 120))
    }
    #expect(error.kind == .unfit && error.remedy == "choose a shorter run directory")
  }
}

import DRKit
import Simulator
import TestBed
import Testing

struct BedFileTests {
  private let good = """
    seed: 7
    data-center: Berlin
    clusters: [left, right]
    domains:
      - { name: data, address: g1, path: /data, available: 2TiB }
    disks:
      - { name: root, domain: data, format: cow, size: 64MiB, id: 00000000-0000-0001-0000-000000000001 }
      - { name: shared, domain: data, size: 1GiB, shareable: true }
      - { name: lun, size: 1GiB, storage: lun }
    machines:
      - { name: web, cluster: right, disks: [root, shared, lun] }
      - { name: old, status: down, disks: [] }
    delays: { merge: 2s }
    faults:
      - { on: createSnapshot, machine: web, first: 1, last: 3, refuse: 409, text: "VM is locked." }
      - { on: removeSnapshot, first: 1, fail: "block commit failed" }
    """

  @Test func `a bed file becomes an engine`() throws {
    let bed = try BedDescription(yaml: good, file: "bed.yaml")
    #expect(bed.delays.merge == .seconds(2))
    #expect(bed.delays.volumes == WorkDelays().volumes)
    let engine = try bed.model(now: Instant(epochSeconds: 1))
    #expect(engine.dataCenter.name == "Berlin")
    #expect(engine.allMachines.map(\.name) == ["web", "old"])
    #expect(engine.allDisks[0].id == DiskID(high: 1, low: 1))
    #expect(engine.allDisks[0].format == .cow)
    #expect(engine.allDisks[1].isShareable && engine.allDisks[2].chain.isEmpty)
    #expect(engine.allDomains[0].available == 2 << 40)
    #expect(engine.faults.rules.map(\.machine) == [engine.allMachines[0].id, nil])
    #expect(engine.checkInvariants().isEmpty)
  }

  @Test func `the same file gives the same ids`() throws {
    let one = try BedDescription(yaml: good, file: "a").model(now: Instant(epochSeconds: 1))
    let two = try BedDescription(yaml: good, file: "b").model(now: Instant(epochSeconds: 1))
    #expect(one.allMachines == two.allMachines)
    #expect(one.allDisks == two.allDisks)
  }

  @Test(arguments: [
    ("format: cow", "format: qcow2", "qcow2"), ("status: down", "status: asleep", "asleep"),
    ("size: 64MiB", "size: 64", "unit"), ("merge: 2s", "merges: 2s", "merges"),
    ("first: 1, last: 3", "last: 3", "first"),
    ("refuse: 409", "refuse: 200", "200"), ("on: createSnapshot", "on: snapshots", "snapshots"),
  ])
  func `a mistake in the file is named with its line`(part: String, wrong: String, word: String) {
    let text = good.split(separator: part, maxSplits: 1).map(String.init).joined(separator: wrong)
    do {
      _ = try BedDescription(yaml: text, file: "bed.yaml")
      Issue.record("was read")
    } catch {
      #expect("\(error)".contains("bed.yaml:"))
      #expect("\(error)".contains(word))
    }
  }

  @Test(arguments: [
    ("disks: [root,", "disks: [rot,", "rot"), ("cluster: right", "cluster: up", "up"),
    ("root, domain: data", "root, domain: date", "date"), ("name: old", "name: web", "twice"),
    ("name: shared", "name: root", "twice"), ("machine: web", "machine: wed", "wed"),
  ])
  func `a bed that contradicts itself is unfit`(part: String, wrong: String, word: String) throws {
    let text = good.split(separator: part, maxSplits: 1).map(String.init).joined(separator: wrong)
    let bed = try BedDescription(yaml: text, file: "bed.yaml")
    do {
      _ = try bed.model(now: Instant(epochSeconds: 1))
      Issue.record("was built")
    } catch {
      #expect(error.kind == .unfit)
      #expect(error.description.contains(word))
    }
  }
}

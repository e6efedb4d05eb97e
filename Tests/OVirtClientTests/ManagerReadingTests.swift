import DRKit
import Testing

@testable import OVirtClient

@Suite("Reading the engine") struct ManagerReadingTests {
  let domain: StorageDomainID = id("d")
  let machine: VirtualMachineID = id("a")

  static func domainBody(_ address: String, _ path: String) -> String {
    """
    {"storage_domain":[
      {"id":"\(id("e") as StorageDomainID)","name":"iso","storage":{"type":"nfs","address":"n","path":"/iso"}},
      {"id":"\(id("d") as StorageDomainID)","name":"data","type":"data","master":"true","available":"1073741824",
       "storage":{"type":"glusterfs","address":"\(address)","path":"\(path)","vfs_type":"glusterfs"}}]}
    """
  }

  @Test(
    "A storage domain's address and volume are normalised",
    arguments: [
      ("g1.example", "/data", "g1.example"), ("g1.example", "data", "g1.example"),
      ("[fd00::1]", "/data", "fd00::1"), ("fd00::1", "/data/", "fd00::1"),
    ])
  func domainByName(address: String, path: String, host: String) async throws {
    let engine = FakeEngine(200, Self.domainBody(address, path))
    let found = try await makeManager(engine).storageDomain("data")
    #expect(
      found
        == StorageDomain(
          id: domain, name: "data", address: host, volume: "data", storageType: "glusterfs"))
    #expect(engine.requests.map(\.target) == ["/ovirt-engine/api/storagedomains"])
  }

  @Test("A storage domain is found by its id, and by a name that looks like an id")
  func domainByID() async throws {
    let one = #"{"id":"\#(domain)","name":"x","storage":{"type":"glusterfs","address":"h","path":"/v"}}"#
    let direct = FakeEngine(200, one)
    #expect(try await makeManager(direct).storageDomain(domain.description).name == "x")
    #expect(direct.requests.map(\.path) == ["/ovirt-engine/api/storagedomains/\(domain)"])
    let name = (id("f") as StorageDomainID).description
    let byName = FakeEngine { (request, _) throws(TransportError) in
      request.path.hasSuffix("/storagedomains")
        ? FakeEngine.reply(
          200, Self.domainBody("h", "/v").replacing("\"data\",\"type\"", with: "\"\(name)\",\"type\""))
        : nil
    }
    #expect(try await makeManager(byName).storageDomain(name).id == domain)
  }

  @Test("A storage domain that is not there is missing, and the known ones are named")
  func noDomain() async throws {
    let manager = try makeManager(FakeEngine(200, Self.domainBody("h", "/v")))
    let error = await #expect(throws: DRError.self) { try await manager.storageDomain("Data") }
    #expect(error?.kind == .missing)
    #expect(error?.remedy == "Known: data, iso")
    let empty = try makeManager(FakeEngine(200, "{}"))
    #expect(await #expect(throws: DRError.self) { try await empty.storageDomain("x") }?.kind == .missing)
  }

  @Test("A filtered session, which sees no address, is refused with the remedy") func filtered() async throws
  {
    let body = #"{"storage_domain":[{"id":"\#(domain)","name":"data","storage":{"type":"glusterfs"}}]}"#
    let error = await #expect(throws: DRError.self) {
      try await makeManager(FakeEngine(200, body)).storageDomain("data")
    }
    #expect(error?.kind == .refused)
    #expect(error?.remedy.contains("administrator") == true)
  }

  @Test("Machines come with status and origin; an unknown status counts as writing") func machines()
    async throws
  {
    let body = """
      {"vm":[
        {"id":"\(machine)","name":"db \\u00e9","status":"reboot_in_progress","memory":"1073741824","origin":"ovirt",
          "host":{"href":"/ovirt-engine/api/hosts/x","id":"\(id("d") as HostID)"}},
        {"id":"\(id("b") as VirtualMachineID)","name":"he","status":"up","origin":"managed_hosted_engine"},
        {"id":"\(id("c") as VirtualMachineID)","name":"new","status":"teleporting"}]}
      """
    let engine = FakeEngine(200, body)
    let machines = try await makeManager(engine).machines(on: domain)
    #expect(machines.map(\.name) == ["db é", "he", "new"])
    #expect(machines.map(\.status) == [.rebootInProgress, .up, .unknown])
    #expect(machines.map(\.isHostedEngine) == [false, true, false])
    #expect(machines[2].status.mayWrite)
    #expect(machines.map(\.host) == [id("d") as HostID, nil, nil])
    #expect(engine.requests[0].target == "/ovirt-engine/api/storagedomains/\(domain)/vms")
    #expect(engine.requests[0].header("Version") == "4")
    #expect(engine.requests[0].header("Authorization") == "Bearer token-1")
    #expect(try await makeManager(FakeEngine(200, "{}")).machines(on: domain).isEmpty)
  }

  @Test("A machine that the engine does not know is nil") func noMachine() async throws {
    #expect(try await makeManager(FakeEngine(404)).machine(machine) == nil)
    let found = try await makeManager(FakeEngine(200, #"{"id":"\#(machine)","name":"m","status":"down"}"#))
      .machine(machine)
    #expect(found == VirtualMachine(id: machine, name: "m", status: .down))
  }

  @Test("Disks: numbers as texts or as numbers, LUNs without an image") func disks() async throws {
    let disk: DiskID = id("1")
    let volume: VolumeID = id("2")
    let body = """
      {"disk_attachment":[
        {"id":"\(disk)","active":"true","read_only":"false","interface":"virtio","disk":{"id":"\(disk)",
          "alias":"root","image_id":"\(volume)","provisioned_size":"10737418240","status":"locked","format":"cow",
          "shareable":"false","storage_type":"image","content_type":"data",
          "storage_domains":{"storage_domain":[{"id":"\(domain)"}]}}},
        {"id":"\(id("3") as DiskID)","active":false,"read_only":true,"disk":{"id":"\(id("3") as DiskID)",
          "name":"raw one","image_id":"\(volume)","provisioned_size":512,"status":"ok","format":"raw",
          "shareable":true,"storage_type":"image","storage_domains":{}}},
        {"id":"\(id("4") as DiskID)","disk":{"id":"\(id("4") as DiskID)","alias":"lun","storage_type":"lun",
          "shareable":"true","lun_storage":{"logical_units":{"logical_unit":[{"id":"x"}]}}}}]}
      """
    let engine = FakeEngine(200, body)
    let disks = try await makeManager(engine).disks(of: machine)
    #expect(
      disks == [
        AttachedDisk(
          id: disk, alias: "root", activeVolume: volume, format: .cow, provisionedSize: 10_737_418_240,
          status: .locked, domains: [domain]),
        AttachedDisk(
          id: id("3"), alias: "raw one", activeVolume: volume, format: .raw, provisionedSize: 512,
          domains: [],
          isShareable: true, isReadOnly: true, isActive: false),
        AttachedDisk(
          id: id("4"), alias: "lun", activeVolume: nil, format: .raw, provisionedSize: 0, storage: .lun,
          domains: [], isShareable: true),
      ])
    #expect(engine.requests[0].target == "/ovirt-engine/api/vms/\(machine)/diskattachments?follow=disk")
  }

  @Test("Volumes: the bottom of a chain has no parent, or a blank one") func volumes() async throws {
    let body = """
      {"disk_snapshot":[
        {"id":"\(id("1") as VolumeID)","image_id":"\(id("1") as VolumeID)","disk":{"id":"\(id("9") as DiskID)"},
         "snapshot":{"id":"\(id("5") as SnapshotID)"}},
        {"id":"\(id("2") as VolumeID)","disk":{"id":"\(id("9") as DiskID)"},
         "parent":{"id":"\(id("1") as VolumeID)"}},
        {"id":"\(id("3") as VolumeID)","disk":{"id":"\(id("8") as DiskID)"},
         "parent":{"id":"00000000-0000-0000-0000-000000000000"}}]}
      """
    let engine = FakeEngine(200, body)
    let volumes = try await makeManager(engine).volumes(on: domain)
    #expect(
      volumes == [
        DiskVolume(disk: id("9"), volume: id("1"), parent: nil, snapshot: id("5")),
        DiskVolume(disk: id("9"), volume: id("2"), parent: id("1"), snapshot: nil),
        DiskVolume(disk: id("8"), volume: id("3"), parent: nil, snapshot: nil),
      ])
    #expect(
      engine.requests[0].target
        == "/ovirt-engine/api/storagedomains/\(domain)/disksnapshots?include_active=true")
  }

  @Test("The OVF comes with all content") func ovf() async throws {
    let body =
      #"{"id":"x","initialization":{"configuration":{"type":"ovf","data":"<?xml version=\"1.0\"?><a/>"}}}"#
    let engine = FakeEngine(200, body)
    #expect(try await makeManager(engine).ovf(of: machine) == "<?xml version=\"1.0\"?><a/>")
    #expect(engine.requests[0].target == "/ovirt-engine/api/vms/\(machine)?all_content=true")
  }

  @Test("Snapshots: the active entry and previews are left out") func snapshots() async throws {
    let body = """
      {"snapshot":[
        {"id":"\(id("1") as SnapshotID)","description":"Active VM","snapshot_status":"ok","snapshot_type":"active"},
        {"id":"\(id("2") as SnapshotID)","description":"p","snapshot_status":"ok","snapshot_type":"preview"},
        {"id":"\(id("3") as SnapshotID)","description":"run","snapshot_status":"locked","snapshot_type":"regular",
         "date":1700000000000,"persist_memorystate":"false"}]}
      """
    let snapshots = try await makeManager(FakeEngine(200, body)).snapshots(of: machine)
    #expect(snapshots == [Snapshot(id: id("3"), description: "run", status: .locked)])
  }

  @Test("A snapshot that is gone is nil, with or without a fault's text") func goneSnapshot() async throws {
    let fault = #"{"detail":"Entity not found: GetSnapshotBySnapshotId: id=1","reason":"Operation Failed"}"#
    #expect(try await makeManager(FakeEngine(404, fault)).snapshot(id("1"), of: machine) == nil)
    #expect(try await makeManager(FakeEngine(404)).snapshot(id("1"), of: machine) == nil)
    let body = #"{"id":"\#(id("1") as SnapshotID)","snapshot_status":"in_preview","snapshot_type":"regular"}"#
    let found = try await makeManager(FakeEngine(200, body)).snapshot(id("1"), of: machine)
    #expect(found == Snapshot(id: id("1"), description: "", status: .inPreview))
  }

  @Test("A web server's 404 page does not make a snapshot gone") func deployingEngine() async throws {
    let manager = try makeManager(FakeEngine(404, "<html>Not Found</html>", type: "text/html"))
    let error = await #expect(throws: DRError.self) { try await manager.snapshot(id("1"), of: machine) }
    #expect(error?.kind == .transient)
  }

  @Test("Frozen volumes are named by disk") func frozen() async throws {
    let body = """
      {"disk":[{"id":"\(id("1") as DiskID)","image_id":"\(id("2") as VolumeID)"},
               {"id":"\(id("3") as DiskID)","image_id":"\(id("4") as VolumeID)"}]}
      """
    let engine = FakeEngine(200, body)
    let frozen = try await makeManager(engine).frozenVolumes(of: id("5"), machine: machine)
    #expect(frozen == [id("1"): id("2"), id("3"): id("4")])
    #expect(engine.requests[0].path.hasSuffix("/vms/\(machine)/snapshots/\(id("5") as SnapshotID)/disks"))
  }

  @Test("The access check returns the version") func access() async throws {
    let engine = FakeEngine(200, #"{"product_info":{"version":{"full_version":"4.5.5-1.el9"}}}"#)
    #expect(try await makeManager(engine).checkAccess() == "4.5.5-1.el9")
    #expect(engine.requests[0].target == "/ovirt-engine/api")
  }
}

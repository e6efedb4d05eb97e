import DRKit

/// Snapshots: made, looked at, removed.
extension OVirtManager {
  public func snapshots(of machine: VirtualMachineID) async throws(DRError) -> [Snapshot] {
    let call = CallName("list the machine's snapshots", machine.description)
    let fields = try await read("/vms/\(machine)/snapshots", call).list("snapshot")
    var snapshots: [Snapshot] = []
    for field in fields {
      // The collection always holds the `active` entry, and a preview's own two.
      guard try field["snapshot_type"].text() == "regular" else { continue }
      snapshots.append(try Self.snapshot(field))
    }
    return snapshots
  }

  public func snapshot(
    _ id: SnapshotID, of machine: VirtualMachineID
  ) async throws(DRError) -> Snapshot? {
    let call = CallName("look at the snapshot", "\(id) of machine \(machine)")
    guard let field = try await readIfPresent("/vms/\(machine)/snapshots/\(id)", call) else { return nil }
    return try Self.snapshot(field)
  }

  public func createSnapshot(
    of machine: VirtualMachineID, description: String, overlays: [OverlayRequest]
  ) async throws(DRError) -> SnapshotID {
    let call = CallName("create a snapshot", "\"\(description)\" of machine \(machine)")
    if overlays.isEmpty {
      // Without a list the engine would take every disk, those on other domains too.
      throw call.error(.unfit, "no disk was named")
    }
    let attachments = overlays.map { overlay -> JSONValue in
      // `image_id` is taken for the *new* volume (B `CreateSnapshotDiskCommand`).
      [
        "disk": [
          "id": .string(overlay.disk.description), "image_id": .string(overlay.overlay.description),
        ]
      ]
    }
    let body: JSONValue = [
      "description": .string(description),
      // The engine's default is true: a pause, and two more disks.
      "persist_memorystate": "false",
      "disk_attachments": ["disk_attachment": .array(attachments)],
    ]
    let reply = try await change(.post, "/vms/\(machine)/snapshots", body, call)
    return try JSONField(reply.body, contentType: reply.header("Content-Type"), call)["id"].id()
  }

  public func frozenVolumes(
    of snapshot: SnapshotID, machine: VirtualMachineID
  ) async throws(DRError) -> [DiskID: VolumeID] {
    let call = CallName("list the snapshot's volumes", "\(snapshot) of machine \(machine)")
    let fields = try await read("/vms/\(machine)/snapshots/\(snapshot)/disks", call).list("disk")
    var frozen: [DiskID: VolumeID] = [:]
    for field in fields {
      let disk: DiskID = try field["id"].id()
      if frozen.updateValue(try field["image_id"].id(), forKey: disk) != nil {
        throw field["id"].malformed("names the disk \(disk) a second time")
      }
    }
    return frozen
  }

  public func removeSnapshot(_ id: SnapshotID, of machine: VirtualMachineID) async throws(DRError) {
    let call = CallName("remove the snapshot", "\(id) of machine \(machine)")
    do throws(DRError) {
      _ = try await change(.delete, "/vms/\(machine)/snapshots/\(id)", nil, call)
    } catch {
      // Gone between the look-up and the command's own check: a 400 (docs/real-systems.md,
      // "Engine", Merges).
      if error.kind == .refused, error.reason.contains("Snapshot does not exist") {
        throw call.error(.missing, error.reason)
      }
      throw error
    }
  }

  private static func snapshot(_ field: JSONField) throws(DRError) -> Snapshot {
    Snapshot(
      id: try field["id"].id(), description: try field["description"].optionalText() ?? "",
      status: try field["snapshot_status"].word(),
      isRegular: try field["snapshot_type"].optionalText() ?? "regular" == "regular")
  }
}

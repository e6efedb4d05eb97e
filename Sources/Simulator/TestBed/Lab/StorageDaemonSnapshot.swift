import DRKit

extension StorageDaemon {
  /// How long the steps of a snapshot took.
  struct SnapshotTiming: Hashable, Sendable {
    /// Opening the overlays' nodes.
    var open = TimeSpan.zero
    /// The transaction itself: what a guest may notice.
    var transaction = TimeSpan.zero
  }

  /// Puts an overlay on each disk, all at one instant. The overlays exist already (`ImageTool.create(_:over:size:)`).
  ///
  /// - Throws: `.refused` when QEMU says no: then no disk was switched, and no overlay stays open.
  func snapshot(_ overlays: [(disk: DiskID, image: ImageFile)]) throws(DRError) -> SnapshotTiming {
    let begin = LabTime.monotonic()
    var opened: [(disk: DiskID, layer: Layer)] = []
    do throws(DRError) {
      var actions: [LabJSON] = []
      for overlay in overlays {
        let active = try chain(of: overlay.disk).last
        let layer = try add(overlay.image, over: nil)
        opened.append((overlay.disk, layer))
        actions.append([
          "type": "blockdev-snapshot",
          "data": ["node": .string(active?.node ?? ""), "overlay": .string(layer.node)],
        ])
      }
      let middle = LabTime.monotonic()
      try qmp.execute("transaction", ["actions": .array(actions)])
      let end = LabTime.monotonic()
      for (disk, layer) in opened { setChain(of: disk, try chain(of: disk) + [layer]) }
      return SnapshotTiming(
        open: .nanoseconds(Int64(middle - begin)), transaction: .nanoseconds(Int64(end - middle)))
    } catch {
      for (_, layer) in opened { _ = try? remove(layer) }
      throw error
    }
  }
}

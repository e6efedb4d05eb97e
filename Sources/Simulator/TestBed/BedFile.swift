import DRKit
import Simulator
import StrictYAML

extension BedDescription {
  /// Reads a bed file:
  ///
  /// ```yaml
  /// seed: 7
  /// clusters: [Default]
  /// domains:
  ///   - { name: data, address: gluster1.example, path: /data, available: 1TiB }
  /// disks:
  ///   - { name: web-root, domain: data, format: cow, size: 64MiB }
  /// machines:
  ///   - { name: web, disks: [web-root] }
  /// delays: { volumes: 150ms, switching: 150ms, merge: 300ms, update-ovf: 100ms }
  /// faults:
  ///   - { on: createSnapshot, machine: web, first: 1, last: 3, refuse: 409, text: "VM is locked." }
  ///   - { on: removeSnapshot, machine: web, first: 1, fail: "block commit failed" }
  /// ```
  ///
  /// - Parameter file: its name in error texts.
  public init(yaml text: String, file: String) throws(StrictYAMLError) {
    let root = try StrictDocument.parse(text, file: file).mapping(keys: [
      "seed", "data-center", "clusters", "domains", "disks", "machines", "delays", "faults",
    ])
    self.init(
      seed: UInt64(try root.optional("seed")?.int(in: 0...Int.max) ?? 1),
      dataCenter: try root.optional("data-center")?.string() ?? "Default",
      clusters: try root.optional("clusters")?.distinctList(count: 1...1_000) {
        (node) throws(StrictYAMLError) in try node.string()
      } ?? ["Default"],
      domains: try root.required("domains").list(count: 1...1_000, Self.domain),
      disks: try root.required("disks").list(count: 0...100_000, Self.disk),
      machines: try root.required("machines").list(count: 0...100_000, Self.machine),
      faults: try root.optional("faults")?.list(count: 0...1_000, Self.fault) ?? [],
      delays: try root.optional("delays").map(Self.delays) ?? WorkDelays())
  }

  private static func domain(_ node: StrictNode) throws(StrictYAMLError) -> Domain {
    let map = try node.mapping(keys: ["name", "id", "type", "address", "path", "available"])
    return Domain(
      name: try map.required("name").string(), id: try map.optional("id")?.identifier(),
      type: try map.optional("type")?.string(), address: try map.required("address").string(),
      path: try map.required("path").string(), available: try map.optional("available")?.byteSize())
  }

  private static func disk(_ node: StrictNode) throws(StrictYAMLError) -> Disk {
    let map = try node.mapping(keys: [
      "name", "id", "volume", "domain", "format", "size", "storage", "shareable", "content",
    ])
    let format = try map.optional("format")?.choice(among: ["raw", "cow"])
    let storage = try map.optional("storage")?.choice(among: ["image", "lun"])
    return Disk(
      name: try map.required("name").string(), id: try map.optional("id")?.identifier(),
      volume: try map.optional("volume")?.identifier(), domain: try map.optional("domain")?.string(),
      format: format.flatMap(VolumeFormat.init(rawValue:)),
      size: try map.required("size").byteSize(in: 1...(1 << 60)),
      storage: storage.flatMap(DiskStorage.init(rawValue:)),
      shareable: try map.optional("shareable")?.bool(), content: try map.optional("content")?.string())
  }

  private static let statuses = [
    "up", "down", "paused", "migrating", "suspended", "unknown", "not_responding",
  ]

  private static func machine(_ node: StrictNode) throws(StrictYAMLError) -> Machine {
    let map = try node.mapping(keys: ["name", "id", "status", "origin", "cluster", "disks"])
    return Machine(
      name: try map.required("name").string(), id: try map.optional("id")?.identifier(),
      status: try map.optional("status")?.choice(among: statuses).asStatus,
      origin: try map.optional("origin")?.string(), cluster: try map.optional("cluster")?.string(),
      disks: try map.required("disks").distinctList { (node) throws(StrictYAMLError) in try node.string() })
  }

  private static func delays(_ node: StrictNode) throws(StrictYAMLError) -> WorkDelays {
    let map = try node.mapping(keys: ["volumes", "switching", "merge", "update-ovf"])
    let usual = WorkDelays()
    let range = TimeSpan.zero...TimeSpan.hours(1)
    return WorkDelays(
      volumes: try map.optional("volumes")?.duration(in: range) ?? usual.volumes,
      switching: try map.optional("switching")?.duration(in: range) ?? usual.switching,
      merge: try map.optional("merge")?.duration(in: range) ?? usual.merge,
      updateOVF: try map.optional("update-ovf")?.duration(in: range) ?? usual.updateOVF)
  }

  private static func fault(_ node: StrictNode) throws(StrictYAMLError) -> Fault {
    let map = try node.mapping(keys: ["on", "machine", "first", "last", "refuse", "text", "fail"])
    let first = try map.required("first").int(in: 1...Int.max)
    let last = try map.optional("last")?.int(in: first...Int.max) ?? first
    let (key, value) = try map.exactlyOne(of: ["refuse", "fail"])
    let effect: EngineFaultPlan.Effect
    if key == "refuse" {
      effect = .refuse(
        status: try value.int(in: 400...599), detail: try map.optional("text")?.string() ?? "Injected fault.")
    } else {
      effect = .failWork(reason: try value.string())
    }
    return Fault(
      try map.required("on").choice(), machine: try map.optional("machine")?.string(), calls: first...last,
      effect)
  }
}

extension String {
  fileprivate var asStatus: MachineStatus? { MachineStatus(rawValue: self) }
}

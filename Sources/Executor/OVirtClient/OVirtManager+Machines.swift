import DRKit

/// Virtual machines and their configuration.
extension OVirtManager {
  public func machines(on domain: StorageDomainID) async throws(DRError) -> [VirtualMachine] {
    // All of them: this list knows neither search nor pages, and no `max` is sent (R `BackendStorageDomainVmsResource`).
    let call = CallName("list the machines of the storage domain", domain.description)
    let fields = try await read("/storagedomains/\(domain)/vms", call).list("vm")
    var machines: [VirtualMachine] = []
    for field in fields { machines.append(try Self.machine(field)) }
    return machines
  }

  public func machine(_ id: VirtualMachineID) async throws(DRError) -> VirtualMachine? {
    guard let field = try await readIfPresent("/vms/\(id)", CallName("look at the machine", id.description))
    else { return nil }
    return try Self.machine(field)
  }

  public func ovf(of machine: VirtualMachineID) async throws(DRError) -> String {
    let call = CallName("read the machine's configuration", machine.description)
    let field = try await read("/vms/\(machine)", query: [.init("all_content", "true")], call)
    let text = try field["initialization"]["configuration"]["data"].text()
    if text.isEmpty { throw field["initialization"]["configuration"]["data"].malformed("is empty") }
    return text
  }

  private static func machine(_ field: JSONField) throws(DRError) -> VirtualMachine {
    // A word that this version does not know is `unknown`, which counts as writing.
    let word = try field["status"].optionalText() ?? ""
    return VirtualMachine(
      id: try field["id"].id(), name: try field["name"].text(),
      status: MachineStatus(rawValue: word) ?? .unknown,
      origin: try field["origin"].optionalText() ?? "ovirt", host: try field["host"]["id"].optionalID())
  }
}

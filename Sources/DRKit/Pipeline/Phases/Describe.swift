/// Takes the machines' configuration from the engine into the run, and has OVF_STORE written now, before any snapshot
/// bumps a generation (an OVF_STORE written later would name overlays that are about to be deleted).
struct DescribePhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  struct Configuration: Sendable, Codable, Hashable {
    var machine: VirtualMachineID
    var name: String
    var ovf: String
  }

  func run() async throws(DRError) -> [Configuration] {
    try await context.phase(.describe) { () async throws(DRError) in
      let domain = try await context.domain()
      let engine = context.ports.engine
      var remark = ""
      do throws(DRError) {
        try await context.durable.once("describe.ovf-store") { () async throws(DRError) in
          try await engine.updateOVFStore(of: domain.id)
        }
      } catch {
        // The manifest carries the configurations; OVF_STORE is the fallback, not the truth.
        guard error.kind == .refused || error.kind == .transient || error.kind == .timedOut else {
          throw error
        }
        remark = "; OVF_STORE could not be written: \(error.reason)"
        context.note(.describe, "OVF_STORE could not be written: \(error.reason)")
      }
      let machines = try await context.durable.once("describe.machines") { () async throws(DRError) in
        try await engine.machines(on: domain.id).sorted { $0.id < $1.id }
      }
      let results = try await context.durable.each(machines, limit: context.policy.concurrency) {
        (machine) async throws(DRError) in
        try await context.durable.once("describe.ovf", machine.id.description) {
          () async throws(DRError) -> Configuration? in
          do throws(DRError) {
            let text = try await engine.ovf(of: machine.id)
            return Configuration(machine: machine.id, name: machine.name, ovf: text)
          } catch {
            // Deleted since it was listed.
            guard error.kind == .missing else { throw error }
            return nil
          }
        }
      }
      var configurations: [Configuration] = []
      for result in results { if let taken = try result.get() { configurations.append(taken) } }
      return (configurations, note: "\(configurations.count) machine configuration(s)\(remark)")
    }
  }
}

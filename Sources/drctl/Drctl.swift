import ArgumentParser

@main
struct Drctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drctl",
    abstract: "Disaster recovery for oVirt on Gluster storage.",
    discussion: """
      Try it without a cluster:   drctl simulate scenarios/plain-cycle.yaml
      Protect a storage domain:   drctl preflight --config drkit.yaml vms
                                  drctl sync --config drkit.yaml vms
      What would come up now:     drctl status --config drkit.yaml
      """,
    subcommands: [
      Simulate.self, Sync.self, Preflight.self, Runs.self, Status.self, TestBedCommand.self,
      BenchCommand.self,
    ])
}

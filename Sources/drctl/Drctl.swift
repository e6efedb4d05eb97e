import ArgumentParser
import Foundation

@main
struct Drctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drctl",
    abstract: "Disaster recovery for oVirt on Gluster storage.",
    discussion: """
      Try it without a cluster:
        drctl simulate /usr/share/drkit/scenarios/plain-cycle.yaml
      Protect a storage domain, once /etc/drkit/drkit.yaml is written:
        drctl config check --online
        drctl sync vms
      What would come up now:
        drctl status
      With the primary gone:
        drctl secondary assess --host gluster-b1 --volume data-dr

      The manual is in /usr/share/doc/drkit: operations.md first.
      """,
    version: Version.text,
    subcommands: [
      Simulate.self, CampaignCommand.self, Sync.self, Repair.self, Preflight.self, Runs.self, Status.self,
      ConfigCommand.self,
      CleanupCommand.self, DisableCommand.self,
      Secondary.self,
      TestBedCommand.self,
      BenchCommand.self,
    ])

  static func main() async {
    // A reader that went away (`drctl sync … | head`) must not end a run whose snapshots stand.
    signal(SIGPIPE, SIG_IGN)
    await main(nil)
  }
}

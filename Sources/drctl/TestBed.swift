import ArgumentParser
import DRKit
import Foundation
import Simulator
import Site
import TestBed

struct TestBedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "testbed", abstract: "Simulated clusters over real protocols.",
    subcommands: [Engine.self, Gluster.self])

  struct Engine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Serve a simulated engine's REST API.",
      discussion: """
        Good enough for the official oVirt SDK. With --lab-mount, its disks are real files in vdsm's layout on a mounted \
        Gluster volume, with one qemu-storage-daemon and one stamping writer for each running machine. Ends on SIGTERM.

        Examples:
          drctl testbed engine --listen 127.0.0.1:8080
          drctl testbed engine --listen 127.0.0.1:0 --bed bed.yaml --verbose
          drctl testbed engine --lab-mount /mnt/p --lab-volume a1:/data \\
            --lab-other /srv/other --lab-run /run/bed --lab-report report.json
        """)

    @Option(help: "A loopback address and port; port 0 takes a free one.") var listen = "127.0.0.1:8080"
    @Option(help: "A bed file (YAML); left out: a small standard bed.") var bed: String?
    @Option(help: "A file with the password of admin@internal; left out: `testbed`.") var passwordFile:
      String?
    @Flag(help: "One line a request.") var verbose = false

    @Option(help: "Lab mode: where the protected domain's volume is mounted.") var labMount: String?
    @Option(help: "Lab mode: that volume, as host:/volume.") var labVolume: String?
    @Option(help: "Lab mode: a directory for a second domain, which is not protected.") var labOther: String?
    @Option(help: "Lab mode: a directory for sockets and logs; a short path.") var labRun: String?
    @Option(help: "Lab mode: where to write the bed's report.") var labReport: String?
    @Option(help: "Lab mode: writes a second of each machine, 1 to 1000 (default: 200).") var labRate: Int?

    func validate() throws {
      _ = try address()
      _ = try labOptions()
    }

    func run() async throws {
      let address = try address()
      let lab = try labOptions()
      try await reporting {
        var credentials = BedCredentials.standard
        if let passwordFile {
          credentials = BedCredentials(
            user: credentials.user, password: try SecretReference.file(passwordFile).resolve())
        }
        let isVerbose = verbose
        let log: @Sendable (String) -> Void = { if isVerbose { Console.error($0) } }
        let onListening: @Sendable (Int) async -> Void = { port in
          Console.out("listening on \(address.host):\(port)")
        }
        if let lab {
          try await LabCommand(
            lab: lab, address: address, credentials: credentials, log: log, onListening: onListening
          )
          .run()
        } else {
          let description = try bed.map(BedReader.read) ?? .standard
          let server = try TestBedServer(
            bed: description, listen: address, credentials: credentials, log: log, onListening: onListening)
          try await server.run()
        }
      }
    }

    private func address() throws -> TestBedServer.Address {
      guard let address = TestBedServer.Address(listen) else {
        throw ValidationError("--listen takes an address and a port, such as 127.0.0.1:8080")
      }
      return address
    }

    private func labOptions() throws -> LabCommand.Options? {
      guard let labMount else {
        guard [labVolume, labOther, labRun, labReport].allSatisfy({ $0 == nil }), labRate == nil else {
          throw ValidationError("the other --lab options need --lab-mount")
        }
        return nil
      }
      guard let labVolume, let labOther, let labRun, let slash = labVolume.range(of: ":/") else {
        throw ValidationError("--lab-mount needs --lab-volume HOST:/VOLUME, --lab-other and --lab-run, too")
      }
      var settings = LabSettings(runDirectory: labRun, reportPath: labReport)
      if let labRate { settings.rate = labRate }
      return LabCommand.Options(
        primary: LabSite.Volume(
          name: "vms", address: String(labVolume[..<slash.lowerBound]),
          volume: String(labVolume[slash.upperBound...]),
          mount: labMount),
        other: LabSite.Volume(name: "scratch", address: "localhost", volume: "scratch", mount: labOther),
        settings: settings)
    }
  }
}

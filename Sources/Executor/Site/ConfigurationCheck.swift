import DRKit
import Foundation

/// Judges a configuration by what this host alone can say: the file, what it points to, the programs that are needed.
/// Nothing is made, changed or connected to.
public enum ConfigurationCheck {
  /// What was found, and the configuration if it could be read.
  /// - Parameter environment: where secrets may stand, and the path on which programs are looked for.
  public static func findings(
    path: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> (findings: [PreflightFinding], configuration: Configuration?) {
    let configuration: Configuration
    do throws(DRError) {
      configuration = try ConfigurationReader.read(path: path)
    } catch {
      return ([PreflightFinding("file", .unfit, error.reason, remedy: error.remedy)], nil)
    }
    var findings = [file(path, configuration)]
    findings.append(secret(configuration.engine.password, environment))
    if let authority = configuration.engine.certificateAuthority { findings.append(certificates(authority)) }
    findings.append(StatePlace.finding(configuration.state))
    findings += programs(configuration, environment["PATH"] ?? "")
    return (findings, configuration)
  }

  private static func file(_ path: String, _ configuration: Configuration) -> PreflightFinding {
    let names = configuration.domains.map(\.name).joined(separator: ", ")
    var status = stat()
    // It names programs that run as root on the storage nodes.
    guard stat(path, &status) == 0, status.st_mode & 0o022 == 0 else {
      return PreflightFinding(
        "file", .unfit, "\(path) may be written by others than its owner", remedy: "chmod go-w \(path)")
    }
    return PreflightFinding("file", .ok, "\(path) is well formed; domains: \(names)")
  }

  private static func secret(
    _ secret: SecretReference, _ environment: [String: String]
  ) -> PreflightFinding {
    do throws(DRError) {
      _ = try secret.resolve(environment: environment)
    } catch {
      return PreflightFinding(
        "secret", .unfit, "\(error.subject): \(error.reason)", remedy: error.remedy)
    }
    switch secret {
    case .file(let path): return PreflightFinding("secret", .ok, "\(path) is readable by its owner alone")
    case .environment(let name): return PreflightFinding("secret", .ok, "$\(name) is set")
    }
  }

  private static func certificates(_ path: String) -> PreflightFinding {
    let mark = "-----BEGIN CERTIFICATE-----"
    guard let data = FileManager.default.contents(atPath: path) else {
      return PreflightFinding(
        "ca", .unfit, "\(path) can't be read",
        remedy: "fetch it: https://ENGINE/ovirt-engine/services/pki-resource?resource=ca-certificate"
          + "&format=X509-PEM-CA")
    }
    guard String(decoding: data, as: UTF8.self).contains(mark) else {
      return PreflightFinding(
        "ca", .unfit, "\(path) holds no PEM certificate", remedy: "a line of it must read \(mark)")
    }
    return PreflightFinding("ca", .ok, "\(path) holds a certificate")
  }

  /// What a run calls on this host.
  private static func programs(_ configuration: Configuration, _ path: String) -> [PreflightFinding] {
    let volumes = configuration.domains.flatMap { [$0.primary] + $0.destinations.map(\.secondary) }
    let isAnyLocal = volumes.contains { $0.access == .local }
    let isAnyRemote = volumes.contains { $0.access != .local }
    // `mount` looks for its helpers in /sbin whatever the path says.
    var wanted = [
      (name: "mount", why: "looks at the volumes", package: "mount"),
      (name: "mount.glusterfs", why: "looks at the volumes", package: "glusterfs-client"),
    ]
    if isAnyLocal {
      wanted.append(("gluster", "`access: local`", "glusterfs-server, or write `access: ssh`"))
    }
    if isAnyRemote { wanted.append(("ssh", "`access: ssh`", "openssh-client")) }
    let directories = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
    return wanted.map { program in
      guard let found = directories.map({ "\($0)/\(program.name)" }).first(where: Self.isProgram)
      else {
        return PreflightFinding(
          "program", .unfit, "\(program.name) is not installed, and \(program.why) needs it",
          remedy: "install \(program.package)")
      }
      return PreflightFinding("program", .ok, found)
    }
  }

  private static func isProgram(_ path: String) -> Bool { access(path, X_OK) == 0 }
}

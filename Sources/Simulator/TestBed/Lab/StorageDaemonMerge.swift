import DRKit

extension StorageDaemon {
  /// How long the steps of a live merge took.
  struct MergeTiming: Hashable, Sendable {
    /// From the start of the commit until both sides were alike for the first time.
    var ready = TimeSpan.zero
    /// From `job-complete` to the end: waits until no write is left over, so it is long under a fast writer.
    var pivot = TimeSpan.zero
    var total = TimeSpan.zero
  }

  /// The limits of a live merge. A writer without a rate limit can delay the pivot for ever.
  struct MergeLimits: Hashable, Sendable {
    var ready = TimeSpan.minutes(10)
    var pivot = TimeSpan.minutes(2)
  }

  /// Commits the volume at `path` of `disk` into the one below it, while the machine writes, and closes it. The file
  /// itself stays for the caller to remove.
  ///
  /// The active volume is pivoted away from; one further down takes a plain commit, whose only child is then told to name
  /// the base as its backing file.
  ///
  /// - Throws: `.missing` when the disk has no such volume above another one; `.refused` with the job's error;
  ///   `.timedOut` when a limit passed. The job is gone then and the chain as it was.
  func merge(_ disk: DiskID, path: String, limits: MergeLimits = MergeLimits()) throws(DRError) -> MergeTiming
  {
    let chain = try chain(of: disk)
    guard let index = chain.firstIndex(where: { $0.image.path == path }), index > 0, let active = chain.last
    else {
      throw DRError(.missing, "merge", path, reason: "\(name) has no such volume over another one")
    }
    let (top, base) = (chain[index], chain[index - 1])
    let isActive = index == chain.count - 1
    let job = "commit-\(top.node)"
    var arguments: [LabJSON.Member] = [
      .init(name: "job-id", value: .string(job)),
      .init(name: "device", value: .string(active.node)),
      .init(name: "top-node", value: .string(top.node)),
      .init(name: "base-node", value: .string(base.node)),
      .init(name: "auto-finalize", value: true),
      .init(name: "auto-dismiss", value: false),
    ]
    if !isActive { arguments.append(.init(name: "backing-file", value: .string(base.image.name))) }

    var timing = MergeTiming()
    let begin = LabTime.monotonic()
    try qmp.execute("block-commit", .object(arguments))
    do throws(DRError) {
      if isActive {
        if try wait(for: job, ["ready", "concluded"], within: limits.ready) == "ready" {
          let ready = LabTime.monotonic()
          timing.ready = .nanoseconds(Int64(ready - begin))
          try qmp.execute("job-complete", ["id": .string(job)])
          _ = try wait(for: job, ["concluded"], within: limits.pivot)
          timing.pivot = .nanoseconds(Int64(LabTime.monotonic() - ready))
        }
      } else {
        _ = try wait(for: job, ["concluded"], within: limits.ready)
      }
    } catch {
      if error.kind == .timedOut { cancel(job) }
      throw error
    }
    try conclude(job)
    setChain(of: disk, chain.filter { $0 != top })
    try remove(top)
    timing.total = .nanoseconds(Int64(LabTime.monotonic() - begin))
    return timing
  }

  /// Waits until the job has one of the states, and returns which. The job's end is always waited for as well: a failure
  /// concludes it from any state.
  private func wait(for job: String, _ states: Set<String>, within span: TimeSpan) throws(DRError) -> String {
    let event = try qmp.event("job \(job) to be \(states.sorted().joined(separator: " or "))", within: span) {
      event in
      event.name == "JOB_STATUS_CHANGE" && event.data["id"]?.string == job
        && states.contains(event.data["status"]?.string ?? "")
    }
    return event.data["status"]?.string ?? ""
  }

  /// Reads the verdict of a concluded job (`concluded` is the end of failures, too) and dismisses it.
  private func conclude(_ job: String) throws(DRError) {
    let jobs = try qmp.execute("query-jobs").array ?? []
    let verdict = jobs.first { $0["id"]?.string == job }
    try qmp.execute("job-dismiss", ["id": .string(job)])
    guard let verdict else {
      throw DRError(.malformed, "merge", job, reason: "query-jobs does not list the concluded job")
    }
    if let error = verdict["error"] {
      throw DRError(.refused, "merge", job, reason: error.string ?? "\(error)")
    }
  }

  /// Cancels a job that took too long, and dismisses it.
  private func cancel(_ job: String) {
    guard (try? qmp.execute("job-cancel", ["id": .string(job)], within: .seconds(10))) != nil else { return }
    guard (try? wait(for: job, ["concluded"], within: .seconds(30))) != nil else { return }
    _ = try? qmp.execute("job-dismiss", ["id": .string(job)], within: .seconds(10))
  }
}

---
title: "Teach deploy.sh a --dry-run"
id: "b81d9f28-4282-50d3-86e8-ee21b217893c"
created: "2024-11-24T11:54:44Z"
updated: "2024-11-24T11:55:00Z"
model: "gpt-5-codex"
mode: "Build"
messages: 5
turns: 1
tags: ["ops"]
favorite: true
directory: "/home/robin/src/infra"
---

# Teach deploy.sh a --dry-run

## 1. User · 2024-11-24 11:54:49 UTC

Give `deploy.sh` a `--dry-run` that prints every command instead of running it. Quoted so that I can paste it.

## 2. Tool call: shell · 2024-11-24 11:54:51 UTC

```sh
wc -l deploy.sh && rg -n "^\s*(ssh|rsync|systemctl|docker)" deploy.sh
```

## 3. Tool output: shell · 2024-11-24 11:54:52 UTC

*ok · 0.1 s*

```text
84 deploy.sh
31:  rsync -a --delete build/ "$host:/srv/app/next/"
38:  ssh "$host" "ln -sfn next /srv/app/current"
44:  ssh "$host" "systemctl reload app"
```

## 4. Assistant · 2024-11-24 11:54:57 UTC

Three places change anything. One function in front of them is enough:

```bash
run() {
  if [[ $dry_run ]]; then printf '%q ' "$@"; echo; else "$@"; fi
}
```

`printf %q` quotes for the shell, so a line can be pasted as it stands. Trying it against the staging host:

## 5. Tool call: shell · 2024-11-24 11:55:00 UTC

```sh
./deploy.sh --dry-run staging
```

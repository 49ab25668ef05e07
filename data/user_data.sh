#!/bin/bash
# Runs once, when an instance starts: fetches the agent, proves it by its hashes, and starts it as a service.
set -euo pipefail
say() { echo "copilot: $$*"; }
trap 'say "failed in line $$LINENO"' ERR
home=/opt/copilot

say "installing $python"
dnf -y -q install $python
useradd --system --home-dir "$$home" --shell /usr/sbin/nologin copilot
install -d -m 0700 "$$home" "$$home/code" "$$home/content" "$$home/content/copilot"

fetch() {
    say "fetching $$1"
    aws s3api get-object --region $region --bucket $bucket --key "$$1" "$$2" >/dev/null
    echo "$${1##*/}  $$2" | sha256sum --check --quiet
}
fetch $code "$$home/code.zip"
fetch $index "$$home/content/copilot/index.db"
fetch $weights "$$home/content/copilot/model.safetensors"
fetch $tokenizer "$$home/content/copilot/tokenizer.json"
$python -m zipfile -e "$$home/code.zip" "$$home/code"
(
    umask 077
    aws ssm get-parameter --region $region --name $token --with-decryption --query Parameter.Value --output text >"$$home/token"
)
cat >"$$home/agent.json" <<'JSON'
$agent
JSON
cat >"$$home/run" <<'RUN'
#!/bin/bash
COPILOT_AGENT=$$(cat /opt/copilot/agent.json) exec $python /opt/copilot/code/main.py 0.0.0.0 $port /opt/copilot/token
RUN
chmod 0500 "$$home/run"
chown -R copilot: "$$home"

cat >/etc/systemd/system/copilot.service <<'UNIT'
[Unit]
Description=An agent that answers questions
Wants=network-online.target
After=network-online.target
[Service]
User=copilot
Environment=TMPDIR=/opt/copilot/content
ExecStart=/opt/copilot/run
Restart=always
NoNewPrivileges=yes
PrivateDevices=yes
ProtectHome=yes
ProtectSystem=strict
[Install]
WantedBy=multi-user.target
UNIT
say "starting the service"
systemctl daemon-reload
systemctl enable --now copilot.service
for _ in $$(seq 60); do
    if curl --fail --silent --output /dev/null http://127.0.0.1:$port/ping; then
        say "$ready on port $port"
        exit 0
    fi
    sleep 2
done
say "the service did not start"
exit 1

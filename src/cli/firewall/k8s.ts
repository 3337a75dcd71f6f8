/**
 * Manifests for Kubernetes, to be read and changed: a policy of the cluster's network for agents that use the proxy as a service, and a pod in which
 * the proxy is a sidecar and rules within the pod leave no other way.
 */

import type { Forcing } from './forcing.ts'
import { toNft } from './nft.ts'

export interface Cluster {
  readonly image: string
  /** An image with `nft`. */
  readonly rulesImage: string
  /** Of the explicit proxy. */
  readonly proxyPort: number
  readonly forcing: Forcing
}

export function toManifests({ image, rulesImage, proxyPort, forcing }: Cluster): string {
  const { ports } = forcing
  const user = forcing.role.kind === 'host' ? (forcing.role.exempt[0] ?? 1000) : 1000
  const dns = ports.dns === null ? '' : `, dns: "127.0.0.1:${ports.dns}"`
  return `# Made by \`cordon firewall k8s\`. Two ways; take one.
#
# 1. The proxy is a service, and agents (label \`cordon.dev/agent\`) may talk to nothing else. It takes a network plugin that enforces policies.
#    Agents need no name server: give them the service's address in HTTPS_PROXY and HTTP_PROXY.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: agents-through-cordon
spec:
  podSelector:
    matchExpressions:
      - { key: cordon.dev/agent, operator: Exists }
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector:
            matchLabels: { app: cordon }
      ports:
        - { protocol: TCP, port: ${proxyPort} }
---
# Only the proxy goes out, and only agents come in.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: cordon
spec:
  podSelector:
    matchLabels: { app: cordon }
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchExpressions:
              - { key: cordon.dev/agent, operator: Exists }
      ports:
        - { protocol: TCP, port: ${proxyPort} }
---
apiVersion: v1
kind: Service
metadata:
  name: cordon
spec:
  selector: { app: cordon }
  ports:
    - { name: proxy, port: ${proxyPort} }
---
# 2. The proxy is a sidecar. Rules within the pod, made before anything else runs there, lead all of the agent's connections to it.
apiVersion: v1
kind: ConfigMap
metadata:
  name: cordon-sidecar
data:
  cordon.yaml: |
    version: 1
    listen: { proxy: "127.0.0.1:${proxyPort}", console: "127.0.0.1:3130", transparent: "127.0.0.1:${ports.transparent}"${dns} }
    data: /data
    ca: /certs
    geoip: { tables: /data/geoip }
    rules: [/app/rules/default.yaml]
  cordon.nft: |
${indent(toNft(forcing), 4)}
---
apiVersion: v1
kind: Pod
metadata:
  name: agent
spec:
  volumes:
    - { name: cordon, configMap: { name: cordon-sidecar } }
    - { name: data, emptyDir: {} }
    - { name: certs, emptyDir: {} }
  initContainers:
    - name: cordon-rules
      image: ${rulesImage}
      command: [nft, -f, /etc/cordon/cordon.nft]
      securityContext:
        runAsUser: 0
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL], add: [NET_ADMIN] }
      volumeMounts:
        - { name: cordon, mountPath: /etc/cordon }
    # Restarted for as long as the pod lives, and up before the agent is: that takes Kubernetes 1.29 or newer.
    - name: cordon
      image: ${image}
      restartPolicy: Always
      startupProbe:
        exec:
          command:
            - node
            - -e
            - fetch('http://127.0.0.1:3130/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))
        # One second, which is what it is without this, is not enough for Node to begin.
        timeoutSeconds: 10
        periodSeconds: 2
        failureThreshold: 30
      securityContext:
        runAsUser: ${user}
        runAsNonRoot: true
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: cordon, mountPath: /etc/cordon }
        - { name: data, mountPath: /data }
        - { name: certs, mountPath: /certs }
  containers:
    - name: agent
      image: your-agent
      env:
        # Of the certificates in there the agent needs the public ones: copy them to a volume of their own to keep the key away from it.
        - { name: SSL_CERT_FILE, value: /certs/bundle.pem }
        - { name: NODE_EXTRA_CA_CERTS, value: /certs/ca.pem }
        - { name: REQUESTS_CA_BUNDLE, value: /certs/bundle.pem }
      securityContext:
        # Not ${user}: what that user sends goes out freely.
        runAsUser: ${user + 1}
        runAsNonRoot: true
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL] }
      volumeMounts:
        - { name: certs, mountPath: /certs, readOnly: true }
`
}

function indent(text: string, spaces: number): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(spaces)}${line}`))
    .join('\n')
}

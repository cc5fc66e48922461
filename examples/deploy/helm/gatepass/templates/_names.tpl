{{- define "gatepass.name" -}}
{{- if contains "gatepass" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-gatepass" (.Release.Name | trunc 40 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "gatepass.selector" -}}
app.kubernetes.io/name: gatepass
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gatepass.labels" -}}
{{ include "gatepass.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "gatepass.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "gatepass.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "gatepass.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* What server and migration have in common: settings, databases, master key, room for files. */}}
{{- define "gatepass.environment" -}}
- name: GATEPASS_PRODUCTION__DATABASE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secrets.databases }}
      key: production
- name: GATEPASS_SANDBOX__DATABASE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secrets.databases }}
      key: sandbox
{{- end }}

{{- define "gatepass.mounts" -}}
- name: data
  mountPath: /var/lib/gatepass
- name: settings
  mountPath: /etc/gatepass
  readOnly: true
- name: master-key
  mountPath: /var/lib/gatepass/master.key
  subPath: master.key
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end }}

{{- define "gatepass.volumes" -}}
- name: data
  emptyDir:
    sizeLimit: 64Mi
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
- name: settings
  configMap:
    name: {{ include "gatepass.name" . }}
- name: master-key
  secret:
    secretName: {{ .Values.secrets.masterKey }}
    defaultMode: 0440
    items:
      - key: master.key
        path: master.key
{{- end }}

{{/* The settings as gatepass.toml; those of the chart win over `settings`. */}}
{{- define "gatepass.settings" -}}
{{- $own := dict
  "host" (list "0.0.0.0")
  "port" 8000
  "sandbox_port" 8001
  "metrics_host" "0.0.0.0"
  "metrics_port" 9100
  "metrics_networks" (list "0.0.0.0/0" "::/0")
  "log_format" "json"
  "trusted_proxies" .Values.trustedProxies
  "drain_seconds" .Values.drainSeconds
  "shutdown_timeout" .Values.shutdownTimeout
  "production" (dict "hosts" (list .Values.production.host))
  "sandbox" (dict "hosts" (list .Values.sandbox.host))
-}}
{{- if eq .Values.migrate "job" }}{{ $_ := set $own "auto_migrate" false }}{{ end -}}
{{ mustMergeOverwrite (deepCopy .Values.settings) $own | toToml }}
{{- end }}

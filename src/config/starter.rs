//! The file that `atom init` writes.

/// A commented `atom.toml` with placeholder values; it loads as it stands.
pub const STARTER: &str = r#"# atom.toml – configuração do atom (um arquivo e um store por campanha).
#
# Caminhos relativos contam a partir da pasta deste arquivo.
# O ambiente vence o arquivo: ATOM_IMPORT__MAX_REJEITOS=0.2 muda import.max_rejeitos.
# Segredos só como "env:NOME" ou "file:CAMINHO" (arquivo com chmod 600), nunca o próprio valor.
# Este arquivo não pode ser alterável por outros usuários: chmod go-w atom.toml
# Conferir: atom config check (cada erro com a linha e a chave); o que vale e de onde vem: atom config show

layouts = "layouts"                # layouts próprios; sem a pasta valem os embutidos
data = "data"                      # inbox/, archive/, rejects/, outbox/, log/
# tabulacoes = "layouts/tabulacoes.csv"   # árvore de tabulações; sem a chave vale a embutida

[store]
url = "sqlite:store"               # pasta com carteira.db e atendimento.db

[campanha]                         # uma só (R001)
id = 1                             # idCampanha
nome = "Banco Exemplo – Veículos"
carteira = "VEIC"
ascob = "528"                      # ID_ASCOB, o que vem no nome dos arquivos

[evo]                              # file:///pasta, sftp://usuario@servidor:porta/pasta, ftp://, ftps://
url = "file:///srv/evo/processados"
errors = "file:///srv/evo/erros"   # para onde voltam os arquivos de erros
after = "keep"                     # depois de registrado: keep (fica), move, delete
settle_seconds = 60                # tamanho e hora iguais em duas olhadas com este intervalo; 0: na primeira
max_seconds = 600                  # limite de uma coleta, e de cada publicação
idle_seconds = 60                  # sem um byte por este tempo, acaba a vez do servidor
max_megabytes = 4096               # arquivo maior não é coletado
# key = "file:/etc/atom/evo.key"   # chave privada (chmod 600); sem key nem password vale o ssh-agent
# passphrase = "env:EVO_FRASE"     # se a chave tem frase secreta
# password = "env:EVO_SENHA"       # uma tentativa por execução
# known_hosts = "known_hosts"      # chave de servidor desconhecida é erro: atom hostkey show, add
# ca = "/etc/atom/ca.pem"          # ftps://: autoridade própria; sem ela valem as da máquina
# allow_cleartext = false          # true: aceita ftp://, em que a senha e os CPFs vão em claro

[manager]
url = "file:///srv/manager/entrada"
retornos = "file:///srv/manager/saida"
incremental_minutes = 15           # no máximo um incremental a cada tantos minutos, fora os de importação
baixa_ate = "07:00"                # até esta hora a baixa espera o batimento
comercial = false                  # true: disca também telefones comerciais
# key, passphrase, password, known_hosts, ca, allow_cleartext: como em [evo]

[contato]
# bloqueados = "bloqueados.txt"    # um telefone por linha: nem discado, nem mensagem

[omne]                             # sem esta seção nenhum HSM é enviado
url = "http://127.0.0.1:9000"
token = "env:OMNE_TOKEN"           # só é lido quando há o que enviar; o cron não herda o ambiente: use file:
# header = "Authorization"         # nele o token vai como "Bearer …"; em outro, sozinho
# ca = "/etc/atom/ca.pem"          # https://: autoridade própria; sem ela valem as da máquina
rate_per_second = 5
timeout_seconds = 30               # por envio; passou disto, é INCERTA
max_retries = 5                    # envios ao todo por mensagem
daily_cap = 0                      # por dia; 0: sem limite
validade_horas = 72                # mais velha que isso, não se envia
tick_seconds = 45                  # tempo de envio em cada `atom run`

[omne.janela]                      # hora do DDD; "" fecha; domingo nunca
seg_sex = "08:00-20:00"
sab = "08:00-14:00"
feriados = false

[omne.jornada1]
template_id = 101
# open_attendance = false          # true: cada envio abre um atendimento
# force_close = false              # true: encerra antes o atendimento aberto

[omne.jornada2]
template_id = 102

[dia]
corte = "12:00"                    # nome de arquivo a partir desta hora: próximo dia útil
prazo = "06:00"                    # depois disto, etapa obrigatória em aberto é aviso (saída 4)
obrigatorios = ["remessa", "parcelas", "garantias", "baixa", "batimento"]

[bloqueio]
dias = 3                           # R020: alta no dia seguinte a estes
contagem = "uteis"                 # uteis (bancários) ou corridos

[calendario]
feriados = []                      # mais feriados bancários, AAAA-MM-DD
uteis = []                         # feriados do calendário que aqui são dias úteis

[batimento]
max_baixas = 0.30                  # acima desta fração da base ativa o arquivo fica em quarentena

[import]
max_rejeitos = 0.10                # acima disto (e de 10 linhas) o arquivo é recusado inteiro

# [retencao]                        # dias que se guardam; 0: para sempre (atom purge)
# fichas_dias = 1825                 # clientes, depois de fechado o último contrato
# contatos_dias = 1825               # webhooks, ações massivas, ligações, mensagens
# arquivos_dias = 90                 # archive, rejects e outbox, arquivos inteiros
# backups_dias = 90
# desfaz_dias = 30                   # depois disso uma importação não se desfaz
# auditoria_dias = 1825

[serve]
listen = "127.0.0.1:8080"
reads_per_minute = 600             # por token; 0: sem limite
# behind_proxy = "nginx"           # quem faz o TLS; só então se pode ouvir fora de 127.0.0.1
# webhook_secret = "file:/etc/atom/webhook.segredo"   # abre /webhook/omne/SEGREDO a quem não manda cabeçalho

# [ping]                             # avisa quando o cron para: um serviço como healthchecks espera a chamada
# url = "https://monitor.exemplo/ping/7c2e5d0a"   # chamada com /start e com /CÓDIGO de saída a cada `atom run`
# ca = "/etc/atom/ca.pem"            # https://: autoridade própria; sem ela valem as da máquina
# timeout_seconds = 3                # de cada chamada, até 10
"#;

//! Inquiries: a peer's settings, asked for by the loop and handed out here.

use anyhow::{Context as _, Result};
use tokio::net::unix::WriteHalf;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{PATIENCE, Visit};
use crate::control::command::Reply;
use crate::diagnose::facts::Settings;
use crate::request::Request;

impl Visit<'_> {
    /// Has a peer asked. What it says is understood before it is passed on, whatever release it is of.
    pub(super) async fn inquire(&self, writer: &mut WriteHalf<'_>, peer: String) -> Result<()> {
        let (answer, wait) = oneshot::channel();
        let asked = async {
            self.desk
                .requests
                .send(Request::Inquire(peer, answer))
                .await
                .context("the agent is stopping")?;
            wait.await.context("the agent is stopping")
        };
        let told = timeout(PATIENCE, asked)
            .await
            .context("wait for the agent's loop")??;
        let bytes = match told.map(|bytes| serde_json::from_slice::<Settings>(&bytes)) {
            Ok(Ok(settings)) => {
                let mut line = serde_json::to_vec(&settings).context("write the settings")?;
                line.push(b'\n');
                line
            }
            Ok(Err(error)) => {
                let why =
                    format!("its answer is not understood, is it of another release? {error}");
                Reply::Undelivered(why).bytes()
            }
            Err(why) => Reply::Undelivered(why).bytes(),
        };
        self.send(writer, &bytes).await
    }
}
